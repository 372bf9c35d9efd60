"""A provider of OpenID Connect on loopback, by Authlib's server: TLS, PKCE, codes that go once."""

import json
import secrets
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, AuthorizationServer, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from authlib.oauth2.rfc7636 import CodeChallenge
from authority import Authority
from fastapi import FastAPI, Request, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

from service.http.server import listen, serve_http
from service.tls import Files

CLIENT, SECRET = "senoscope", "between the two of us"


@dataclass
class Provider:
    """What it is and says; tests change it to see what becomes of that."""

    issuer: str = ""
    claims: dict = field(
        default_factory=lambda: {
            "sub": "42",
            "preferred_username": "grace",
            "groups": {"here": ["staff", "radiology"]},
        }
    )
    altered: dict = field(default_factory=dict)
    """What stands in the ID token otherwise; None: it is missing."""
    metadata: dict = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    signs_with: RSAKey | None = None
    algorithm: str = "RS256"
    secret: str = SECRET
    codes: dict = field(default_factory=dict)
    is_ill: bool = False

    def id_token(self, nonce: str) -> str:
        """Return what it says of who signs in."""
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        said = {**told, **self.claims, **self.altered}
        said = {name: value for name, value in said.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "1"}
        with warnings.catch_warnings(action="ignore"):  # of what tests do on purpose
            return jwt.encode(header, said, self.signs_with or self.key, [self.algorithm])


@dataclass
class Client(ClientMixin):
    """This node, as the provider knows it."""

    provider: Provider
    redirect_uri: str = ""

    def get_client_id(self):
        return CLIENT

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.endswith("/sign-in/oidc/back")

    def check_client_secret(self, client_secret):
        return client_secret == self.provider.secret

    def check_endpoint_auth_method(self, method, _endpoint):
        return method == ("client_secret_basic" if self.provider.secret else "none")

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"

    def get_allowed_scope(self, scope):
        return scope


@dataclass
class Code(AuthorizationCodeMixin):
    """What the browser carries back."""

    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Codes(AuthorizationCodeGrant):
    """Codes, each of which counts once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

    def save_authorization_code(self, code, request):
        told = request.payload.data
        names = ("redirect_uri", "scope", "nonce", "code_challenge", "code_challenge_method")
        self.server.provider.codes[code] = Code(*(told[name] for name in names))

    def query_authorization_code(self, code, _client):
        return self.server.provider.codes.get(code)

    def delete_authorization_code(self, authorization_code):
        codes = self.server.provider.codes
        for code in [code for code, one in codes.items() if one is authorization_code]:
            del codes[code]

    def authenticate_user(self, _code):
        return "somebody"


class Asked(OAuth2Request):
    """A request as Authlib looks at it."""

    def __init__(self, method, uri, headers, told):
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(defaultdict(lambda: None, told))
        self._told = told

    @property
    def args(self):
        return self._told

    @property
    def form(self):
        return self._told


class Server(AuthorizationServer):
    """Authlib's server for one client."""

    def __init__(self, provider):
        super().__init__()
        self.provider = provider
        self.register_grant(Codes, [CodeChallenge(required=True)])
        self.register_token_generator("default", self._token)

    def query_client(self, client_id):
        return Client(self.provider) if client_id == CLIENT else None

    def save_token(self, token, request):
        token["id_token"] = self.provider.id_token(request.authorization_code.nonce)

    def create_oauth2_request(self, request):
        return request

    def send_signal(self, name, *args, **kwargs):
        pass

    def handle_response(self, status, body, headers):
        content = json.dumps(body) if isinstance(body, dict) else body
        return Response(content, status, dict(headers))

    def _token(self, **_):
        return {"access_token": secrets.token_urlsafe(), "token_type": "Bearer"}


@contextmanager
def providing(folder: Path) -> Iterator[tuple[Provider, Path]]:
    """Serve a provider; yield it, and the file of who vouches for its certificate."""
    authority = Authority(folder, "provider")
    own = authority.issue("localhost")
    provider = Provider()
    tls = Files(own.cert, own.key).context()
    server = serve_http(application(provider), listen("127.0.0.1", 0), tls)
    provider.issuer = f"https://127.0.0.1:{server.port}"
    try:
        yield provider, authority.file
    finally:
        server.stop()


def application(provider: Provider) -> FastAPI:
    """Return its four addresses; who comes to the first of them is signed in already."""
    app, server = FastAPI(), Server(provider)

    @app.get("/.well-known/openid-configuration")
    def metadata():
        if provider.is_ill:
            return Response("out of order", 500)
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/keys",
            **provider.metadata,
        }

    @app.get("/keys")
    def keys():
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.get("/authorize")
    def authorize(request: Request):
        asked = Asked("GET", str(request.url), request.headers, dict(request.query_params))
        return server.create_authorization_response(
            asked, grant_user="somebody", grant=server.get_consent_grant(asked, "somebody")
        )

    @app.post("/token")
    async def token(request: Request):
        told = dict(parse_qsl((await request.body()).decode()))
        asked = Asked("POST", str(request.url), request.headers, told)
        return server.create_token_response(asked)

    return app
