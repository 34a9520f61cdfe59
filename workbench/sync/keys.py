"""Keys and signatures: each instance and the central one has an Ed25519 key; what is signed cannot be altered or denied."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..core.canonical import canonical_json

KEY_FILE = "central.key"


def new_key() -> str:
    """Return a new private key as text."""
    return _text(Ed25519PrivateKey.generate().private_bytes_raw())


def public_key(private: str) -> str:
    """Return the public key that belongs to a private one."""
    return _text(Ed25519PrivateKey.from_private_bytes(_bytes(private)).public_key().public_bytes_raw())


def sign(private: str, message: bytes) -> str:
    """Return the signature of `message` as text."""
    return _text(Ed25519PrivateKey.from_private_bytes(_bytes(private)).sign(message))


def verify(public: str, message: bytes, signature: str) -> bool:
    """Tell whether `signature` is that of `message` by the holder of the key; never raises for bad text."""
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(public)).verify(_bytes(signature), message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def keep_key(folder: Path) -> str:
    """Return this workspace's private key, made at the first call and readable by its owner only."""
    file = folder / KEY_FILE
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(new_key() + "\n")
            out.flush()
            os.fsync(out.fileno())
    return file.read_text(encoding="ascii").strip()


def request_text(method: str, target: str, body: bytes, challenge: str, counter: int) -> bytes:
    """Return what an instance signs for one request: no clock takes part, a counter under the server's own challenge does."""
    body_sha256 = hashlib.sha256(body).hexdigest()
    return "\n".join(["workbench-request-1", method, target, body_sha256, challenge, str(counter)]).encode()


def registration_text(code: str, token: str, public: str) -> bytes:
    """Return what an instance signs to show that it holds the key it registers."""
    return "\n".join(["workbench-registration-1", code, token, public]).encode()


def anchor_text(anchor: dict[str, object]) -> bytes:
    """Return what the central instance signs about the head of a journal."""
    facts = {name: anchor[name] for name in ("instance", "epoch", "seq", "head_hash", "at")}
    return b"workbench-anchor-1\n" + canonical_json(facts)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii"))
