"""Only this machine's browser may use the local page, and only from the page itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.app.guard import allowed_hosts, check_address, refusal
from deepfake.errors import UserError

HOSTS = allowed_hosts(7860)
OWN = {"Host": "127.0.0.1:7860", "Origin": "http://127.0.0.1:7860"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.9.1"])
def test_addresses_of_this_machine_are_taken(host):
    assert check_address(host) in ("127.0.0.1", "::1", "127.8.9.1")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.7", "", "example.org", "127.0.0.1.evil.example"]
)
def test_all_others_are_refused_with_what_to_do_instead(host):
    with pytest.raises(UserError, match="ssh -L"):
        check_address(host)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "LOCALHOST:7860", "[::1]:7860"])
def test_the_page_itself_may_ask_and_send(host):
    own = {"Host": host, "Origin": f"http://{host}"}
    assert refusal("GET", {"Host": host}, HOSTS) == refusal("POST", own, HOSTS) == ""
    assert refusal("POST", own | {"Sec-Fetch-Site": "same-origin"}, HOSTS) == ""


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:7860", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:7860.evil.example"],
)
def test_a_name_that_was_made_to_point_here_is_refused(host):
    assert "another one" in refusal("GET", {"Host": host}, HOSTS)


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:7860"},
        {"Origin": "https://127.0.0.1:7860"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_of_other_pages_are_refused(changed):
    assert refusal("POST", OWN | changed, HOSTS)


@given(st.text(), st.text(), st.sampled_from(["POST", "PUT", "DELETE", "PATCH"]))
def test_nothing_but_the_own_origin_may_send(host, origin, method):
    accepted = not refusal(method, {"Host": host, "Origin": origin}, HOSTS)
    assert accepted == (host.lower() in HOSTS and origin.lower() == f"http://{host.lower()}")
