"""Certificates for TLS, made at run time: whom a receiver claims to be in, what it and its clients need out."""

from __future__ import annotations

from pathlib import Path
import ssl
from tempfile import TemporaryDirectory

from attrs import field, frozen

__all__ = ["ServerCertificate"]


@frozen
class ServerCertificate:
    """A certificate for a receiver, signed by an authority of its own that nobody trusts unless told to.

    Made by ``issue()``.

    Args:
        authority_file: The authority's certificate in PEM, for ``OTEL_EXPORTER_OTLP_CERTIFICATE``. A client without it
            does not trust the receiver.
        chain: The certificate in PEM.
        key: Its private key in PEM; never written to a file that stays.
    """

    authority_file: Path
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def issue(cls, directory: Path, *, host: str = "127.0.0.1") -> ServerCertificate:
        """Make an authority and a certificate.

        Args:
            directory: Where the authority's file goes, such as pytest's ``tmp_path``.
            host: Name or address that the certificate is for. A receiver is on 127.0.0.1: any other makes clients
                refuse it for its name.

        Raises:
            ImportError: ``trustme`` is not installed; ``pip install agent-otel[testing]`` does it.
        """
        from trustme import CA  # noqa: PLC0415  optional, and it loads a cryptography library

        authority = CA()
        issued = authority.issue_cert(host)
        authority_file = directory / "authority.pem"
        authority.cert_pem.write_to_path(str(authority_file))
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        return cls(authority_file, chain, issued.private_key_pem.bytes())

    def context(self) -> ssl.SSLContext:
        """Give what serves TLS with this certificate."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as directory:  # OpenSSL wants to read it from a file; only the user can read there
            pem = Path(directory, "receiver.pem")
            pem.write_bytes(self.key + self.chain)
            made.load_cert_chain(pem)
        return made
