"""Which addresses are public, and that time is over when it is."""

import ssl

import pytest

from django_sla.channels.transport import Target, is_public, post

PUBLIC = """
8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1
2606:4700:4700::1111 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
"""
NOT_PUBLIC = """
127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
100.127.255.255 0.0.0.0 0.1.2.3 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255
::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12:3456::1 fec0::1 ff02::1 2001:db8::1 100::1 2001::1
::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:169.254.169.254
64:ff9b::10.0.0.1 64:ff9b::7f00:1 64:ff9b::100.64.0.1 64:ff9b:1::10.0.0.1 2002:7f00:1::1
2002:a00:1::1 2002:a9fe:a9fe::1 4000::1 hooks.test 1
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_not_public(address: str) -> None:
    assert not is_public(address)


def test_where_no_time_is_left_nobody_is_called() -> None:
    target = Target.read("http://127.0.0.1:1/", allow_http=True, allow_private=True)
    with pytest.raises(TimeoutError, match=r"127\.0\.0\.1:1 did not answer within 0 seconds"):
        post(target, b"", {}, timeout=0, context=ssl.create_default_context())
