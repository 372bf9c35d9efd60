"""The body of a request: it comes in time, or the application hears that its sender went away."""

import asyncio

from starlette.types import Message, Receive, Send


class Body:
    """What comes of one request."""

    def __init__(self, receive: Receive, longest_s: float) -> None:
        self.is_late = False
        """Whether it was waited for in vain; nothing was answered then."""
        self._receive = receive
        self._longest_s = longest_s
        self._ends_at: float | None = None
        """On the loop's clock; None before the first read."""
        self._is_whole = False
        self._is_answered = False

    async def receive(self) -> Message:
        """Return the next piece; after the last one, wait for as long as it takes."""
        if self._is_whole:
            return await self._receive()
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + self._longest_s
        try:
            async with asyncio.timeout_at(self._ends_at):
                message = await self._receive()
        except TimeoutError:
            self.is_late = not self._is_answered
            return {"type": "http.disconnect"}
        self._is_whole = not message.get("more_body", False)
        return message

    def unless_late(self, send: Send) -> Send:
        """Return what sends an answer, but none to a body that was too late."""

        async def sent(message: Message) -> None:
            if not self.is_late:
                self._is_answered = True
                await send(message)

        return sent
