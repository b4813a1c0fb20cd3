"""An OpenAI-compatible chat endpoint over the standard library: tools, streaming, retries, errors.

Nothing is sent anywhere unless an address was set. The key is never part of an error, a report or
a representation, also where the server repeats it.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Endpoint", "EndpointError", "Message", "ToolCall"]

_RETRIED = (408, 409, 429, 500, 502, 503, 504)
_MAX_BYTES = 8_000_000
_LOCAL = ("localhost", "127.0.0.1", "::1")


class EndpointError(RuntimeError):
    """The endpoint did not give a usable answer; one sentence, without the key."""


@dataclass(frozen=True)
class ToolCall:
    """A call that a model asks for; the arguments are text that may be no JSON at all."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """What a model answered: text, calls, or both."""

    content: str
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass
class Endpoint:
    """Where chat completions are asked for.

    Parameters
    ----------
    url : str
        Base address with version, as ``https://host/v1``; ``/chat/completions`` is added.
    model : str
    key : str
        Sent as bearer token; empty = none.
    timeout_s : float
        Longest silence of the server, seconds.
    total_s : float
        Longest whole answer, seconds.
    retries : int
        Further tries after an error that may pass (429, 5xx, a lost connection).
    stream : bool
        Ask for server-sent events.

    Raises
    ------
    EndpointError
        The address is no http(s) address, holds a name and password, or a key would travel
        unencrypted to another machine.

    Examples
    --------
    >>> Endpoint("http://127.0.0.1:8000/v1", "small", key="secret")
    Endpoint(url='http://127.0.0.1:8000/v1', model='small')
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = field(default=30.0, repr=False)
    total_s: float = field(default=180.0, repr=False)
    retries: int = field(default=2, repr=False)
    stream: bool = field(default=True, repr=False)
    requests: int = field(default=0, init=False, repr=False)
    sent_bytes: int = field(default=0, init=False, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            raise EndpointError("the address of the endpoint must be like https://host/v1")
        if parts.username or parts.password:
            raise EndpointError("the address of the endpoint holds a name or password; put the key "
                                "in LOBSIM_ANALYST_KEY")
        if parts.scheme == "http" and self.key and host not in _LOCAL:
            raise EndpointError(f"{host} would get the key unencrypted; use https, or no key")
        if any(c in self.key for c in "\r\n") or not self.key.isascii():
            raise EndpointError("the key must be one line of ASCII")

    @classmethod
    def from_environment(cls) -> Endpoint | None:
        """The endpoint that ``LOBSIM_ANALYST_URL``, ``_MODEL`` and ``_KEY`` name; None without."""
        url = os.environ.get("LOBSIM_ANALYST_URL", "").strip()
        if not url:
            return None
        model = os.environ.get("LOBSIM_ANALYST_MODEL", "").strip()
        if not model:
            raise EndpointError("LOBSIM_ANALYST_URL is set but LOBSIM_ANALYST_MODEL is not")
        return cls(url, model, key=os.environ.get("LOBSIM_ANALYST_KEY", "").strip())

    @property
    def host(self) -> str:
        """Host and port, for reports."""
        return urlsplit(self.url).netloc

    def chat(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Message:
        """Ask for the next message.

        Parameters
        ----------
        messages : list of dict
            In the form of the chat-completions interface.
        tools : list of dict
            Schemas; may be empty.

        Raises
        ------
        EndpointError
            No usable answer after all tries.
        """
        body: dict[str, Any] = {"model": self.model, "messages": messages, "temperature": 0,
                                "stream": self.stream}
        if tools:
            body["tools"] = tools
        data = json.dumps(body).encode()
        for attempt in range(self.retries + 1):
            try:
                return self._once(data)
            except _Passing as error:
                if attempt == self.retries:
                    raise EndpointError(self._clean(
                        f"{self.host} {error} ({attempt + 1} tries)")) from None
                self.sleep(min(error.after_s if error.after_s is not None else 2.0**attempt, 20.0))
        raise AssertionError("unreachable")

    def _once(self, data: bytes) -> Message:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else \
            http.client.HTTPConnection
        extra = {"context": ssl.create_default_context()} if parts.scheme == "https" else {}
        link = kind(parts.hostname, parts.port, timeout=self.timeout_s, **extra)
        headers = {"Content-Type": "application/json",
                   "Accept": "text/event-stream" if self.stream else "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        until = time.monotonic() + self.total_s
        try:
            self.requests += 1
            self.sent_bytes += len(data)
            link.request("POST", parts.path.rstrip("/") + "/chat/completions", data, headers)
            answer = link.getresponse()
            if answer.status != 200:
                self._refused(answer)
            if "text/event-stream" in (answer.getheader("Content-Type") or ""):
                return _streamed(answer, until)
            return _whole(_read_all(answer, until))
        except TimeoutError:
            raise _Passing(f"did not answer within {self.timeout_s:g} s") from None
        except (socket.gaierror, ssl.SSLCertVerificationError) as error:
            raise EndpointError(self._clean(f"{self.host} cannot be reached: {error}")) from None
        except (OSError, http.client.HTTPException) as error:
            told = str(error) or type(error).__name__
            raise _Passing(f"broke the connection or refused it: {told}") from None
        finally:
            link.close()

    def _refused(self, answer: http.client.HTTPResponse) -> None:
        text = answer.read(4000).decode("utf-8", "replace")
        try:
            told = json.loads(text)["error"]
            told = told["message"] if isinstance(told, dict) else told
        except (ValueError, KeyError, TypeError):
            told = text
        told = self._clean(" ".join(str(told).split())[:200])
        sentence = f"answered {answer.status} {answer.reason}: {told}"
        if answer.status in _RETRIED:
            wait = answer.getheader("Retry-After") or ""
            raise _Passing(sentence, float(wait) if wait.isdecimal() else None)
        if 300 <= answer.status < 400:
            sentence = f"sends on to another address ({answer.status}), which is not followed"
        raise EndpointError(f"{self.host} {sentence}")

    def _clean(self, text: str) -> str:
        return text.replace(self.key, "(key)") if self.key else text


class _Passing(Exception):
    """An error that may pass, and how long the server asks to wait."""

    def __init__(self, text: str, after_s: float | None = None):
        super().__init__(text)
        self.after_s = after_s


def _read_all(answer: http.client.HTTPResponse, until: float) -> bytes:
    data = b""
    while piece := answer.read1(65536):
        data += piece
        _within(len(data), until)
    return data


def _within(size: int, until: float) -> None:
    if size > _MAX_BYTES:
        raise EndpointError(f"the endpoint's answer is longer than {_MAX_BYTES:,} bytes")
    if time.monotonic() > until:
        raise _Passing("did not finish its answer in time")


def _whole(data: bytes) -> Message:
    try:
        message = json.loads(data)["choices"][0]["message"]
        calls = tuple(ToolCall(str(one.get("id") or f"call_{n}"), str(one["function"]["name"]),
                               str(one["function"].get("arguments") or ""))
                      for n, one in enumerate(message.get("tool_calls") or ()))
        return Message(_text(message.get("content")), calls)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise EndpointError("the endpoint's answer is no chat completion") from None


def _streamed(answer: http.client.HTTPResponse, until: float) -> Message:
    """Put server-sent events together; a stream that ends before it is done is an error."""
    content, calls, size, done = "", {}, 0, False
    while line := answer.readline(1_000_000):
        size += len(line)
        _within(size, until)
        text = line.decode("utf-8", "replace").strip()
        if not text.startswith("data:"):
            continue  # comments, event names and blank lines
        text = text[5:].strip()
        if text == "[DONE]":
            done = True
            break
        try:
            event = json.loads(text)
            if "error" in event:
                raise _Passing("broke off with an error in the stream")
            for choice in event.get("choices", [])[:1]:
                delta = choice.get("delta") or {}
                content += _text(delta.get("content"))
                for piece in delta.get("tool_calls") or ():
                    one = calls.setdefault(int(piece.get("index", 0)), ["", "", ""])
                    function = piece.get("function") or {}
                    one[0] = piece.get("id") or one[0]
                    one[1] += function.get("name") or ""
                    one[2] += function.get("arguments") or ""
                done = done or choice.get("finish_reason") is not None
        except (ValueError, TypeError, AttributeError):
            raise EndpointError("the endpoint's stream holds an event that is no chunk of a chat "
                                "completion") from None
    if not done:
        raise _Passing("ended its stream before the answer was done")
    return Message(content, tuple(ToolCall(one[0] or f"call_{n}", one[1], one[2])
                                  for n, one in sorted(calls.items())))


def _text(content: Any) -> str:
    return content if isinstance(content, str) else ""
