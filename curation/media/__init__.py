"""Images in folders and S3: read, size, hash, thumbnails."""

from __future__ import annotations
