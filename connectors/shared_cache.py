"""What several processes share, through Redis: what one has fetched, and calls under way.

Who finds no fresh answer takes the question's lock, asks, and leaves the answer for the others, who wait meanwhile. A
lock ends by itself soon after its owner, who has to renew it while he asks; then another one takes over. A failure is
told to those who wait for this very call, and to nobody else.

| key | holds | for |
| --- | --- | --- |
| `histograph:a:<hash>` | an answer, see `encoding` | as long as it may stand in for a failure |
| `histograph:l:<hash>` | the token of who asks now | 3 s, renewed |
| `histograph:f:<hash>` | why a call failed, by its token | 5 s |
| `histograph:d:<hash>` | how many deletions there were at the source | 48 h |

Whatever Redis does, answers stay right: an answer that cannot be read is none, and who cannot reach it asks himself.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias, TypeVar

import msgspec
import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from connectors.contract import Page
from connectors.encoding import Codec, UnshareableError, decode_error, encode_error
from connectors.errors import ConnectorError, OutOfTimeError
from connectors.questions import Question
from connectors.redis_link import LostError, RedisLink
from connectors.remembered import Answer

LOCK = 3.0  # seconds that a lock outlives its owner at the most
FIRST_LOOK, NEXT_LOOKS = 0.01, 0.1  # seconds between two looks at a lock that others hold: at first, and in the end
LONGEST_WAIT = 30.0  # seconds that the call of another process is waited for
FAILURE = 5.0  # seconds that a failure is told
DELETIONS = 48 * 3600  # seconds that deletions are counted: longer than any answer lives

RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"

log = structlog.get_logger("histograph.cache")

Fetch: TypeAlias = Callable[[Sequence[Question]], Awaitable[Mapping[Question, Answer | ConnectorError]]]
Found: TypeAlias = dict[Question, Answer | ConnectorError]
T = TypeVar("T")


@dataclass(slots=True)
class Look:
    """What Redis says of one question."""

    data: bytes | None
    lives: int
    "Milliseconds."
    holder: bytes | None = None
    "Whoever asks now."


@dataclass(slots=True)
class SharedCache:
    """One source's part of Redis. `secret` is what `fingerprint` makes of the source."""

    link: RedisLink
    secret: bytes = field(repr=False)
    lock_seconds: float = LOCK
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _codec: Codec = field(init=False, repr=False)
    _deletions: int = field(default=0, init=False)
    "As of the last look."
    _ending: set["asyncio.Task[None]"] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._codec = Codec(self.secret)

    async def get(
        self, questions: Sequence[Question], fetch: Fetch, seen: Callable[[Question, Answer], None]
    ) -> Mapping[Question, Answer | ConnectorError]:
        """Fresh answers: from whoever has fetched them, from whoever fetches them now, or else by `fetch`.

        Args:
            questions: What is wanted.
            fetch: Asks the source.
            seen: Told of answers that are not fresh any more.
        """
        found: Found = {}
        end = self.clock() + LONGEST_WAIT
        try:
            left = self._sort(await self._look(questions), found, seen)
            while left and self.clock() < end:
                left = await self._claim(left, found, fetch, seen, end)
        except LostError:
            pass
        left = [question for question in questions if question not in found]
        return found | dict(await fetch(left)) if left else found

    async def forget(self, questions: Iterable[Question], *, lists_too: bool = False) -> None:
        """Drops these answers; with them, after a deletion, all lists."""
        keys = [self._key("a", question) for question in questions]

        async def drop(redis: Redis) -> None:
            pipe = redis.pipeline(transaction=False)
            pipe.delete(*keys)
            if lists_too:
                pipe.incr(self._deletions_key)
                pipe.expire(self._deletions_key, DELETIONS)
            await pipe.execute()

        await self._try(drop)

    async def aclose(self) -> None:
        """Waits until what it has begun is ended."""
        await asyncio.gather(*self._ending)

    async def _claim(
        self,
        questions: Sequence[Question],
        found: Found,
        fetch: Fetch,
        seen: Callable[[Question, Answer], None],
        end: float,
    ) -> list[Question]:
        """Asks for those that nobody asks for now, and waits for the others. Gives those that are still open."""
        token = secrets.token_hex(16).encode()
        task = asyncio.ensure_future(self._look(questions, claim=token))
        try:
            looks = await asyncio.shield(task)
        except asyncio.CancelledError:
            # the locks may be ours: they are given back when that is known
            self._in_background(self._release_when(task, questions, token))
            raise
        mine = [question for question in questions if looks[question].holder == token]
        try:
            # who held the lock until now may have left the answer
            open_still = self._sort({question: looks[question] for question in mine}, found, seen)
            if open_still:
                found.update(await self._ask(open_still, fetch, token))
        finally:
            if mine:
                self._in_background(self._release(mine, token))
        others = {question: look.holder for question, look in looks.items() if question not in mine}
        return await self._wait(others, found, seen, end) if others else []

    async def _ask(self, questions: Sequence[Question], fetch: Fetch, token: bytes) -> Found:
        """Asks the source while renewing the locks, and leaves the answers for the others."""
        deletions = self._deletions
        renewing = asyncio.create_task(self._renew(questions, token))
        try:
            found = dict(await fetch(questions))
        finally:
            renewing.cancel()
        await self._leave(found, token, deletions)
        return found

    async def _leave(self, found: Found, token: bytes, deletions: int) -> None:
        answers: dict[str, tuple[bytes, int]] = {}
        failures: dict[str, bytes] = {}
        for question, one in found.items():
            if isinstance(one, Answer):
                key = self._key("a", question)
                try:
                    data = self._codec.encode(key.encode(), one, deletions)
                except UnshareableError as error:
                    log.debug("not shared", reason=str(error))
                    continue
                answers[key] = data, int(one.lifetime.hard * 1000)
            elif not isinstance(one, OutOfTimeError):  # that tells of our query, not of theirs
                failures[self._failure_key(question, token)] = encode_error(one)

        async def store(redis: Redis) -> None:
            pipe = redis.pipeline(transaction=False)
            for key, (data, lives) in answers.items():
                pipe.set(key, data, px=lives)
            for key, data in failures.items():
                pipe.set(key, data, px=int(FAILURE * 1000))
            await pipe.execute()

        await self._try(store)

    async def _renew(self, questions: Sequence[Question], token: bytes) -> None:
        async def renew(redis: Redis) -> None:
            pipe = redis.pipeline(transaction=False)
            for question in questions:
                pipe.eval(RENEW, 1, self._key("l", question), token, int(self.lock_seconds * 1000))
            await pipe.execute()

        while True:
            await self.sleep(self.lock_seconds / 3)
            await self._try(renew)

    async def _release_when(
        self, claiming: "asyncio.Task[dict[Question, Look]]", questions: Sequence[Question], token: bytes
    ) -> None:
        await asyncio.wait([claiming])
        if not claiming.cancelled() and claiming.exception() is None:
            await self._release(questions, token)

    async def _release(self, questions: Sequence[Question], token: bytes) -> None:
        async def release(redis: Redis) -> None:
            pipe = redis.pipeline(transaction=False)
            for question in questions:
                pipe.eval(RELEASE, 1, self._key("l", question), token)
            await pipe.execute()

        await self._try(release)

    async def _wait(
        self,
        holders: Mapping[Question, bytes | None],
        found: Found,
        seen: Callable[[Question, Answer], None],
        end: float,
    ) -> list[Question]:
        """Until those who ask have answers, or have failed, or are gone. Gives those that are still open."""
        waiting = dict(holders)
        left: list[Question] = []
        pause = FIRST_LOOK
        while waiting and self.clock() < end:
            await self.sleep(pause)
            pause = min(pause * 1.5, NEXT_LOOKS)
            keys = [self._key("l", question) for question in waiting]
            now = await self.link.run(lambda redis, keys=keys: redis.mget(keys))  # type: ignore[misc]  # bound at once
            changed = [question for question, holder in zip(waiting, now, strict=True) if holder != waiting[question]]
            if not changed:
                continue
            gone = {question: waiting.pop(question) for question in changed}
            unanswered = self._sort(await self._look(changed), found, seen)
            failures = await self._failures({question: gone[question] for question in unanswered})
            found.update(failures)
            left += [question for question in unanswered if question not in failures]
        return left + list(waiting)

    async def _failures(self, gone: Mapping[Question, bytes | None]) -> Found:
        """Why those who asked have none."""
        keys = [self._failure_key(question, token or b"") for question, token in gone.items()]
        told: list[Any] = await self.link.run(lambda redis: redis.mget(keys)) if keys else []
        return {question: decode_error(data) for question, data in zip(gone, told, strict=True) if data is not None}

    async def _look(self, questions: Sequence[Question], claim: bytes | None = None) -> dict[Question, Look]:
        """What is there; with a claim, after the locks were tried for."""

        async def look(redis: Redis) -> list[Any]:
            pipe = redis.pipeline(transaction=False)
            pipe.get(self._deletions_key)
            for question in questions:
                if claim is not None:
                    lock = self._key("l", question)
                    pipe.set(lock, claim, px=int(self.lock_seconds * 1000), nx=True)
                    pipe.get(lock)
                key = self._key("a", question)
                pipe.get(key)
                pipe.pttl(key)
            return await pipe.execute()

        deletions, *told = await self.link.run(look)
        self._deletions = int(deletions or 0)
        width = 2 if claim is None else 4
        looks = {}
        for question, at in zip(questions, range(0, len(told), width), strict=True):
            *lock, data, lives = told[at : at + width]
            looks[question] = Look(data, lives, lock[1] if lock else None)
        return looks

    def _sort(
        self, looks: Mapping[Question, Look], found: Found, seen: Callable[[Question, Answer], None]
    ) -> list[Question]:
        """Takes the fresh ones. Gives the questions that have none."""
        left = []
        for question, look in looks.items():
            answer = self._read(question, look)
            if answer is not None and answer.age < answer.lifetime.fresh:
                found[question] = answer
            else:
                left.append(question)
                if answer is not None:
                    seen(question, answer)
        return left

    def _read(self, question: Question, look: Look) -> Answer | None:
        """The answer with its age: by Redis's clock, as those of two machines differ."""
        if look.data is None or look.lives <= 0:
            return None
        try:
            answer, deletions = self._codec.decode(self._key("a", question).encode(), look.data)
        except UnshareableError as error:
            log.info("not read from the shared cache", reason=str(error))
            return None
        if isinstance(answer.value, Page) and deletions != self._deletions:
            return None
        return replace(answer, age=max(answer.lifetime.hard - look.lives / 1000, 0.0))

    async def _try(self, command: Callable[[Redis], Awaitable[T]]) -> None:
        try:
            await self.link.run(command)
        except LostError:
            return

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    @property
    def _deletions_key(self) -> str:
        return self._hashed("d", b"")

    def _key(self, kind: str, question: Question) -> str:
        return self._hashed(kind, msgspec.msgpack.encode(question, order="deterministic"))

    def _failure_key(self, question: Question, token: bytes) -> str:
        return self._hashed("f", token + msgspec.msgpack.encode(question, order="deterministic"))

    def _hashed(self, kind: str, text: bytes) -> str:
        digest = blake2b(kind.encode() + text, key=self.secret, digest_size=20)
        return f"histograph:{kind}:{digest.hexdigest()}"
