"""The shared secret of a webhook: shown once, kept as its digest, compared whole."""

from __future__ import annotations

import hashlib

from curation.store.sources import get_source
from curation.sync.webhooks import is_hook_secret, make_hook, remove_hook
from tests.curation.sync.canaries import traces_in_store


def test_hook__only_its_digest_is_kept(database, source_id) -> None:
    secret = make_hook(database, get_source(database, source_id))
    assert len(secret) == 43
    kept = get_source(database, source_id).hook_sha256
    assert kept == hashlib.sha256(secret.encode()).hexdigest()
    assert traces_in_store(secret, database) == []
    assert is_hook_secret(secret, kept)


def test_hook__a_new_secret_voids_the_old_one(database, source_id) -> None:
    first = make_hook(database, get_source(database, source_id))
    second = make_hook(database, get_source(database, source_id))
    kept = get_source(database, source_id).hook_sha256
    assert (is_hook_secret(first, kept), is_hook_secret(second, kept)) == (False, True)
    remove_hook(database, get_source(database, source_id))
    assert get_source(database, source_id).hook_sha256 is None


def test_hook_secret__nothing_fits_a_source_without_a_webhook() -> None:
    for given in ("", "0", "0" * 64, "None"):
        assert not is_hook_secret(given, None)
        assert not is_hook_secret(given, "0" * 64)


def test_hook_secret__the_digest_itself_is_no_secret() -> None:
    digest = hashlib.sha256(b"secret").hexdigest()
    assert is_hook_secret("secret", digest)
    for given in (digest, "secre", "secret ", "Secret", "sécret"):
        assert not is_hook_secret(given, digest)
