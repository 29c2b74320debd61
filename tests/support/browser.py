"""Headless Chromium, driven through a pipe by the DevTools protocol: real keys, real mouse, no further package."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--no-first-run", "--disable-extensions", "--disable-background-networking", "--remote-debugging-pipe",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
LAUNCHER = """
import fcntl, os, sys
high = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(high[0], 3), os.dup2(high[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""  # the protocol reads from descriptor 3 and writes to 4
KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}


def chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Tab:
    """One page. complaints: what it logged as an error or warning, or threw; requests: what it asked a network for."""

    def __init__(self, sink: int, source: int) -> None:
        self._sink, self._source, self._last, self._rest = sink, source, 0, b""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session: str | None = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict:
        """Send one command and return its result; note the events that come before it."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._sink, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self) -> dict:
        while b"\0" not in self._rest:
            part = os.read(self._source, 1 << 20)
            assert part, "Chromium ended"
            self._rest += part
        text, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, params: dict) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("data:", "file:")):
            self.requests.append(params["request"]["url"])

    def open(self, page: Path, width: int = 1280, height: int = 900, *, dark: bool = False) -> None:
        """Load a file in a window of that size and wait until it is drawn."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url=page.resolve().as_uri())
        self.value(
            "new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        )
        self.settle()

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is, promises awaited."""
        result = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def settle(self) -> None:
        """Wait until the page has drawn what it was told."""
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def press(self, key: str) -> None:
        """Press and release a key, which goes to the element in focus."""
        stroke = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, ord(key[0]))}
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **stroke, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **stroke)
        self.settle()

    def drag(self, selector: str, across: int, down: int) -> None:
        """Drag with the mouse from the middle of an element."""
        x, y = self._middle(selector)
        places = [("mousePressed", 0), ("mouseMoved", 0.5), ("mouseMoved", 1), ("mouseReleased", 1)]
        for kind, part in places:
            self.send(
                "Input.dispatchMouseEvent", type=kind, x=x + part * across, y=y + part * down,
                button="left", buttons=1, clickCount=1,
            )  # fmt: skip
        self.settle()

    def swipe(self, selector: str, across: int) -> None:
        """Draw a finger sideways over the middle of an element."""
        self.send("Emulation.setTouchEmulationEnabled", enabled=True)
        x, y = self._middle(selector)
        for kind, part in [("touchStart", 0), ("touchMove", 0.3), ("touchMove", 0.7), ("touchMove", 1)]:
            self.send("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x + part * across, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def _middle(self, selector: str) -> tuple[float, float]:
        """Bring an element into view; return its middle in the window's pixels."""
        self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = f"document.querySelector({selector!r}).getBoundingClientRect()"
        x, y = self.value(f"[{box}.x + {box}.width / 2, {box}.y + {box}.height / 2]")
        return x, y

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Write the window, or the whole page, as PNG."""
        content = self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(content))


@contextmanager
def tab(profile: Path, *switches: str) -> Iterator[Tab]:
    """Yield a tab of a Chromium of its own, whose data go to the folder `profile`."""
    program = chromium()
    assert program, "no Chromium"
    to_read, sink = os.pipe()
    source, to_write = os.pipe()
    command = [program, *SWITCHES, *switches, f"--user-data-dir={profile}", "about:blank"]
    launch = [sys.executable, "-c", LAUNCHER, str(to_read), str(to_write), *command]
    process = subprocess.Popen(launch, pass_fds=(to_read, to_write), stderr=subprocess.DEVNULL)
    os.close(to_read)
    os.close(to_write)
    try:
        yield Tab(sink, source)
    finally:
        os.close(sink)
        process.terminate()
        process.wait(20)
        os.close(source)
