"""An S3 server of the tests' own (moto's), and stores of each kind."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streetproof.objects.stores import Obstore, store_at

KEYS = {"ACCESS": "a-key", "SECRET": "a-secret-口令"}
_numbers = itertools.count()


@dataclass(frozen=True)
class S3:
    """A running server."""

    endpoint: str

    def bucket(self) -> str:
        """A new bucket's name."""
        import boto3

        name = f"evidence-{next(_numbers)}"
        client = boto3.client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
        )
        client.create_bucket(Bucket=name)
        client.close()
        return name

    def store(self, bucket: str, prefix: str = "证据 一/x") -> Obstore:
        options = {"endpoint": self.endpoint, "access_key_env": "ACCESS", "secret_key_env": "SECRET"}
        return store_at(f"s3://{bucket}/{prefix}", KEYS, options)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(params=["folder", "memory", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Obstore:
    if request.param == "folder":
        return store_at(f"file://{tmp_path}/另一 磁盘", {}, {})
    if request.param == "memory":
        from obstore.store import MemoryStore

        return Obstore(MemoryStore(), "memory")
    server: S3 = request.getfixturevalue("s3")
    return server.store(server.bucket())


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def made(content: bytes) -> Path:
        path = tmp_path / f"文件 {next(_numbers)}"
        path.write_bytes(content)
        return path

    return made
