"""A certificate for a server on this machine, as `openssl` makes one."""

import subprocess


def make_certificate(folder, address):
    """Make a certificate of an IP address; gives its file and that of its key."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", f"/CN={address}", "-addext", f"subjectAltName=IP:{address}"]
        + ["-keyout", key, "-out", made],
        check=True,
        capture_output=True,
    )
    return made, key
