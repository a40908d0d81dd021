"""Addresses of cameras: what is refused, and that passwords stay inside."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.live.address import AddressError, CameraAddress

SECRET = "hunter2-秘密"
TEXT = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=20)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/",
        "rtsp:/host",
        "rtsp://",
        "rtsp://host:port/",
        "rtsp://host:99999/",
        "rtsp://[::1/",
        f"rtsp://admin:{SECRET}@host/",
        f"http://:{SECRET}@host/",
        "rtsp://host/\r\nX: y",
        "rtsp://host/\0",
        "rtsp://host/" + "a" * 5000,
        "file:relative.mp4",
        "file://host/a.mp4",
        "file:/a%00b",
        "v4l2:video0",
        "concat:/a|/b",
        "pipe:0",
    ],
)
def test_what_is_no_address(url):
    with pytest.raises(AddressError) as caught:
        CameraAddress(url, "admin", SECRET)
    said = "".join(traceback.format_exception(caught.value, chain=True))
    assert SECRET not in said
    assert caught.value.remedy


def test_a_password_needs_a_user():
    with pytest.raises(AddressError):
        CameraAddress("rtsp://host/", password=SECRET)
    CameraAddress("srt://host:9000?mode=caller", password=SECRET)


@given(user=TEXT, password=TEXT)
def test_credentials_survive_in_the_opening_address_alone(user, password):
    assume(len(password) > 4)
    address = CameraAddress("rtsp://[fe80::1]:8554/cam?channel=1&subtype=0", user, password)
    parts = urlsplit(address.opening_url())
    assert (unquote(parts.username), unquote(parts.password)) == (user, password)
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("fe80::1", 8554, "/cam", "channel=1&subtype=0")
    for said in (str(address), repr(address), address.label, f"{address}"):
        assert password not in said or password in "CameraAddress('rtsp://[fe80::1]:8554/cam?channel=1&subtype=0'"
    assert pickle.loads(pickle.dumps(address)) == address


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("rtsp://h/cam/realmonitor?channel=1&subtype=0", "rtsp://h/cam/realmonitor?channel=1&subtype=0"),
        (f"http://h/live?user=a&password={SECRET}&ch=1", "http://h/live?user=a&password=***&ch=1"),
        (f"rtsp://h/user=admin_password={SECRET}_channel=1", "rtsp://h/user=admin_password=***"),
        (f"srt://h:1?PASSPHRASE={SECRET}", "srt://h:1?PASSPHRASE=***"),
        (f"https://h/a.flv?wsSecret={SECRET}&Token={SECRET}", "https://h/a.flv?wsSecret=***&Token=***"),
    ],
)
def test_secrets_that_vendors_put_elsewhere(url, label):
    address = CameraAddress(url)
    assert address.label == label
    assert SECRET not in repr(address) + str(address)
    assert unquote(address.opening_url()) == url


def test_blanks_and_other_alphabets_are_escaped():
    opening = CameraAddress("rtsp://摄像机.example/人民路 1/%41?a b").opening_url()
    assert opening.isprintable() and " " not in opening
    assert opening.endswith("/%E4%BA%BA%E6%B0%91%E8%B7%AF%201/%41?a%20b")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:/data/人民路 1#2?.mp4", "/data/人民路 1#2?.mp4"),
        ("file:///data/a%20b%25.mp4", "/data/a b%.mp4"),
        ("file://localhost/data/a.mp4", "/data/a.mp4"),
        ("v4l2:/dev/video0", "/dev/video0"),
        ("FILE:/a", "/a"),
    ],
)
def test_paths(url, path):
    address = CameraAddress(url)
    assert address.path == Path(path)
    assert CameraAddress(Path("/数据/a b%.mp4").as_uri()).path == Path("/数据/a b%.mp4")
