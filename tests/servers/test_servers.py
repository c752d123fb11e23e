"""The servers of the tests start, answer, and are what they claim to be."""

from __future__ import annotations

import boto3
import psycopg
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from playwright.sync_api import Browser
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from curation.store.database import Database
from curation.store.schema import drift
from curation.store.schema_version import NEEDED, version
from tests.servers.browser import OpenPage, watch
from tests.servers.postgres import PostgresServer
from tests.servers.s3 import ObjectStore
from tests.servers.web import WebFolder

PATH_STYLE = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def test_database_url__is_an_empty_database_of_the_chosen_kind(
    database_url: str, database_kind: str
) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE pebble (id INTEGER)"))
        connection.execute(text("INSERT INTO pebble VALUES (3)"))
        found = connection.execute(text("SELECT id FROM pebble")).scalar_one()
    engine.dispose()
    assert (found, engine.dialect.name) == (3, database_kind)


def test_database__has_the_schema_of_the_code(database: Database) -> None:
    assert version(database) == NEEDED
    assert drift(database) == []


def test_create_database__copies_a_template(postgres_server: PostgresServer) -> None:
    template = postgres_server.create_database()
    with psycopg.connect(_plain(template), autocommit=True) as connection:
        connection.execute("CREATE TABLE pebble AS SELECT 7 AS id")
    copy = postgres_server.create_database(template=template)
    with psycopg.connect(_plain(copy)) as connection:
        assert connection.execute("SELECT id FROM pebble").fetchall() == [(7,)]
    postgres_server.drop_database(copy)
    postgres_server.drop_database(template)


def test_object_store__answers_what_boto3_puts(object_store: ObjectStore) -> None:
    client = boto3.client("s3", config=PATH_STYLE)
    client.create_bucket(Bucket="slides")
    client.put_object(Bucket="slides", Key="a/1.png", Body=b"pixels")
    assert client.get_object(Bucket="slides", Key="a/1.png")["Body"].read() == b"pixels"
    assert client.meta.endpoint_url == object_store.endpoint


def test_object_store__is_empty_again_for_the_next_test(object_store: ObjectStore) -> None:
    client = boto3.client("s3", endpoint_url=object_store.endpoint, config=PATH_STYLE)
    assert client.list_buckets()["Buckets"] == []


def test_locked_object_store__serves_its_folder_and_refuses_a_wrong_key(
    locked_object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locked_object_store.folder is not None
    (locked_object_store.folder / "slides").mkdir()
    (locked_object_store.folder / "slides" / "1.png").write_bytes(b"pixels")
    locked_object_store.offer(monkeypatch)
    client = boto3.client("s3", config=PATH_STYLE)
    listed = client.list_objects_v2(Bucket="slides")["Contents"]
    assert [entry["Key"] for entry in listed] == ["1.png"]
    stranger = boto3.client(
        "s3",
        aws_access_key_id=locked_object_store.access_key,
        aws_secret_access_key="wrong",
        config=PATH_STYLE,
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_objects_v2(Bucket="slides")


def test_open_page__shows_a_local_page(open_page: OpenPage, web_folder: WebFolder) -> None:
    (web_folder.folder / "index.html").write_text("<h1>Pebbles</h1>")
    page = open_page(web_folder.url)
    assert page.get_by_role("heading").inner_text() == "Pebbles"


def test_watch__writes_down_script_errors_and_foreign_requests(
    browser: Browser, web_folder: WebFolder
) -> None:
    (web_folder.folder / "index.html").write_text(
        "<img src='http://pebbles.invalid/1.png'><script>nothing.here()</script>"
    )
    context = browser.new_context()
    watched = watch(context, origin=web_folder.url)
    watched.page.goto(web_folder.url)
    context.close()
    assert sorted(watched.problems) == [
        "request to a foreign host: http://pebbles.invalid/1.png",
        "script error: nothing is not defined",
    ]


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
