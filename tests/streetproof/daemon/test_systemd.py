"""The systemd unit: read as systemd reads it, and held against what the daemon promises."""

from __future__ import annotations

from collections import defaultdict

from tests.conftest import ROOT

UNIT = ROOT / "configs" / "systemd" / "streetproof.service"


def unit() -> dict[str, dict[str, list[str]]]:
    """Sections, keys, and every value of a key in order (systemd.syntax(7))."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), defaultdict(list))
            continue
        assert not line.endswith("\\"), "a comment behind a continued line would be swallowed"
        key, equals, value = line.partition("=")
        assert equals and key == key.strip() and value == value.strip(), line
        # systemd knows no comments at the end of a line: they would become part of the value.
        assert "#" not in value, line
        current[key].append(value)
    return sections


def test_it_has_the_sections_that_systemd_knows() -> None:
    assert set(unit()) == {"Unit", "Service", "Install"}
    assert unit()["Install"]["WantedBy"] == ["multi-user.target"]


def test_it_is_supervised_and_comes_back() -> None:
    service, about = unit()["Service"], unit()["Unit"]
    assert service["Type"] == ["notify"], "notify-reload is unknown before systemd 253, and would be ignored"
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["Restart"] == ["always"]
    assert int(service["WatchdogSec"][0]) >= 10
    assert int(about["StartLimitBurst"][0]) * int(service["RestartSec"][0]) < int(about["StartLimitIntervalSec"][0]), (
        "failing at once, again and again, has to reach the limit"
    )


def test_a_stop_has_time_to_close_segments_and_then_leaves_no_process() -> None:
    service = unit()["Service"]
    assert service["KillMode"] == ["mixed"]
    assert int(service["TimeoutStopSec"][0]) > 10


def test_the_command_is_the_documented_one_and_holds_no_secret() -> None:
    (command,) = unit()["Service"]["ExecStart"]
    program, verb, site, option, data = command.split()
    assert program.endswith("/streetproof") and (verb, option) == ("run", "--data")
    assert site == "/etc/streetproof/site.yaml"
    assert data == "/var/lib/" + unit()["Service"]["StateDirectory"][0]
    assert not any("PASSWORD" in value.upper() for value in unit()["Service"]["Environment"])


def test_it_can_do_little_else() -> None:
    service = unit()["Service"]
    assert service["User"] == ["streetproof"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    for key in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "ProtectKernelTunables", "RestrictNamespaces"):
        assert service[key] == ["yes"], key
    assert set(service["RestrictAddressFamilies"][0].split()) == {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"}
    assert "MemoryMax" in service and "TasksMax" in service


def test_passwords_come_as_credentials_of_the_documented_cameras() -> None:
    names = [value.split(":") for value in unit()["Service"]["LoadCredential"]]
    assert all(path == f"/etc/streetproof/secrets/{name}" for name, path in names)
    document = (ROOT / "docs" / "daemon.md").read_text(encoding="utf-8")
    for name, _ in names:
        assert f"_file: /run/credentials/streetproof.service/{name}\n" in document
