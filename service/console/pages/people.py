"""Users, for administrators; one's own password and tokens, for everybody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from service.console.access import ADMIN, VIEWER, form
from service.console.api.people import tokens_of
from service.console.desk import Desk
from service.console.pages.acting import back
from service.console.parameters import DAYS, LabelPath, UserName, checked_days, checked_name
from service.console.person import Person
from service.errors import RefusedError
from service.ledger.people import Role

Admin = Annotated[Person, Depends(ADMIN)]
Anybody = Annotated[Person, Depends(VIEWER)]
Form = Annotated[Mapping[str, str], Depends(form)]


def people_router(desk: Desk) -> APIRouter:
    """Return the addresses of accounts."""
    router = APIRouter(include_in_schema=False)
    _add_users(router, desk)
    _add_account(router, desk)
    return router


@dataclass(frozen=True)
class UsersPage:
    """The page of users, which tells what is wrong with a form above itself."""

    desk: Desk

    def listed(self, request: Request, person: Person, error: str = "") -> Response:
        """Return the page."""
        status = HTTPStatus.CONFLICT if error else HTTPStatus.OK
        users = self.desk.ledger.users()
        return self.desk.pages.page(
            request, "users", person, status, users=users, roles=list(Role), error=error
        )

    def tried(
        self, request: Request, person: Person, did: str, deed: Callable[[], None]
    ) -> Response:
        """Do `deed`; return to the page, which says that it was done, or why not."""
        try:
            deed()
        except RefusedError as error:
            return self.listed(request, person, str(error))
        return back("/users", did)


def _add_users(router: APIRouter, desk: Desk) -> None:
    page, deeds = UsersPage(desk), desk.deeds

    @router.get("/users")
    def users(request: Request, person: Admin) -> Response:
        return page.listed(request, person)

    @router.post("/users")
    def add_user(request: Request, person: Admin, given: Form) -> Response:
        return page.tried(request, person, "user-added", partial(_add, desk, person, given))

    @router.post("/users/{name}/remove")
    def remove_user(request: Request, name: UserName, person: Admin) -> Response:
        removed = partial(deeds.remove_user, person, name)
        return page.tried(request, person, "user-removed", removed)

    @router.post("/users/{name}/role")
    def change_role(request: Request, name: UserName, person: Admin, given: Form) -> Response:
        changed = partial(deeds.change_role, person, name, _role(given))
        return page.tried(request, person, "role-changed", changed)

    @router.post("/users/{name}/password")
    def change_password(request: Request, name: UserName, person: Admin, given: Form) -> Response:
        changed = partial(deeds.change_password, person, name, given.get("password", ""))
        return page.tried(request, person, "password-changed", changed)


def _add(desk: Desk, person: Person, given: Mapping[str, str]) -> None:
    name = checked_name(given.get("name", ""))
    desk.deeds.add_user(person, name, _role(given), given.get("password", ""))


def _add_account(router: APIRouter, desk: Desk) -> None:
    deeds = desk.deeds

    def shown(request: Request, person: Person, error: str = "", fresh: str = "") -> Response:
        status = HTTPStatus.CONFLICT if error else HTTPStatus.OK
        tokens = tokens_of(desk, person.name)
        user = desk.ledger.user(person.name)
        return desk.pages.page(
            request,
            "account",
            person,
            status,
            tokens=tokens,
            error=error,
            fresh=fresh,
            days=DAYS,
            now=desk.now(),
            elsewhere=user is not None and bool(user.subject),
        )

    @router.get("/account")
    def account(request: Request, person: Anybody) -> Response:
        return shown(request, person)

    @router.post("/account/password")
    def own_password(request: Request, person: Anybody, given: Form) -> Response:
        try:
            deeds.change_own_password(person, given.get("old", ""), given.get("new", ""))
        except RefusedError as error:
            return shown(request, person, str(error))
        return RedirectResponse("/sign-in?did=password-changed", HTTPStatus.SEE_OTHER)

    @router.post("/account/tokens")
    def add_token(request: Request, person: Anybody, given: Form) -> Response:
        try:
            label = checked_name(given.get("label", ""))
            days = checked_days(given.get("days", str(DAYS)))
            fresh = deeds.add_token(person, person.name, label, days)
        except RefusedError as error:
            return shown(request, person, str(error))
        return shown(request, person, fresh=fresh)

    @router.post("/account/tokens/{label}/remove")
    def remove_token(label: LabelPath, person: Anybody) -> Response:
        deeds.remove_token(person, person.name, label)
        return back("/account", "token-removed")


def _role(given: Mapping[str, str]) -> Role:
    word = given.get("role", "")
    if word not in set(Role):
        raise RefusedError(f"there is no role {word!r}")
    return Role(word)
