"""Who may talk to the local page: this machine's browser, from the page itself.

Whatever site a browser shows can send requests to this machine. One whose name is made to point here (DNS
rebinding) has a foreign Host; a form on another site (CSRF) has a foreign Origin.
"""

import ipaddress
from collections.abc import Iterable, Mapping

from deepfake.errors import UserError

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # with no-referrer a browser would hide the Origin of the page's own form
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""Of every answer: pages run no script, load nothing, are shown in no frame, and are stored nowhere."""


def check_address(host: str) -> str:
    """Return an address of this machine alone that a server may listen to; UserError for any other."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise UserError(
            f"--host {host}: the page has no login, and is served to this machine alone; leave --host out. "
            "From another machine, take ssh -L 7860:127.0.0.1:7860 <this machine>"
        )
    return str(address)


def allowed_hosts(port: int) -> set[str]:
    """Return the values of the header Host by which a browser of this machine reaches the page."""
    return {f"{name}:{port}" for name in LOCAL_NAMES}


def refusal(method: str, headers: Mapping[str, str], hosts: Iterable[str]) -> str:
    """Return why a request is refused, "" if it isn't; `hosts` are those of allowed_hosts.

    What changes something must come from the page itself. Browsers send an Origin with every form.
    """
    host = headers.get("Host", "").lower()
    if host not in hosts:
        return "This page is at 127.0.0.1 and localhost only: the address that was asked for is another one."
    if method in ("GET", "HEAD"):
        return ""
    if headers.get("Origin", "").lower() != f"http://{host}":
        return "This request comes from another page. Open the page itself, and choose the file there."
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return "This request comes from another site."
    return ""
