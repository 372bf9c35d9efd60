"""The provider that the settings name."""

import ssl
from pathlib import Path

from service.console.oidc import Provider
from service.console.oidc_people import Naming
from service.errors import BadConfigurationError
from service.ledger.people import Role
from service.secret import read_secret
from service.settings import Settings


def provider_of(settings: Settings) -> Provider | None:
    """Return by whom people may sign in besides, None if by nobody.

    Raises:
        BadConfigurationError: if a file that is named is missing or wrong.
    """
    oidc, base = settings.oidc, settings.base
    if not oidc.issuer:
        return None
    secret = read_secret(base / oidc.client_secret_file) if oidc.client_secret_file else ""
    return Provider(
        issuer=oidc.issuer,
        title=oidc.title,
        client_id=oidc.client_id,
        client_secret=secret,
        scopes=oidc.scopes,
        redirect_url=oidc.redirect_url,
        trusted=_trusted(base / oidc.ca_file if oidc.ca_file else None),
        naming=Naming(
            oidc.name_claim,
            oidc.role_claim,
            {word: Role(role) for word, role in oidc.roles.items()},
        ),
    )


def _trusted(authorities: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError) as error:
        raise BadConfigurationError(f"{authorities}: no certificates (PEM): {error}") from None
