"""Where Kaggle's client finds credentials, and how to keep them out of logs."""

import os
import re
from contextlib import suppress
from pathlib import Path

from deepfake.errors import UserError


def check_permissions() -> None:
    """Raise UserError if other users can read a file of credentials."""
    for path in credential_files():
        if path.stat().st_mode & 0o077:
            raise UserError(f"{path} holds credentials that others can read: run `chmod 600 {path}`")


def credential_files() -> list[Path]:
    """Return the existing files among those in which Kaggle's client looks for credentials."""
    home, env = Path.home() / ".kaggle", os.environ
    fallback = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    folder = Path(env.get("KAGGLE_CONFIG_DIR") or (home if home.exists() else fallback))
    paths = [folder / "kaggle.json", home / "kaggle.json", home / "credentials.json"]
    paths += [home / "access_token", home / "access_token.txt"]
    paths += [Path(env[key]) for key in ("KAGGLE_API_TOKEN", "KAGGLE_API_V1_TOKEN") if env.get(key)]
    return [path for path in dict.fromkeys(paths) if os.path.isfile(path)]


def scrub(text: str) -> str:
    """Return `text` without credentials: those of Kaggle, of HTTP headers, and of queries in addresses."""
    secrets = [value for key, value in os.environ.items() if re.fullmatch(r"KAGGLE_\w*(KEY|TOKEN)", key)]
    for path in credential_files():
        with suppress(OSError):
            content = path.read_text(errors="replace").strip()
            secrets += [content, *re.findall(r'(?:key|token)"\s*:\s*"([^"]+)"', content)]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"(?i)(\b(?:basic|bearer)\s+|[\w/]\?)[^\s'\"]+", r"\1***", text)
