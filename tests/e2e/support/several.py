"""Several recorders, each with a camera of its own, from one folder of .ini files."""
import os

from support.rig import Rig, forget_memory, program
from support.times import PATIENCE_S, wait_for


class Several(Rig):
    """words: what a test calls the recorders; their cameras' names begin with the rig's own."""

    INI = {
        "camera": {"fallback": "any", "width": 320, "height": 180, "fps": 30},
        "record": {"preset": "ultrafast"},
        "retention": {"min_free_gb": 0},
        "memory": {"minutes": 5, "max_mb": 24},
    }

    def __init__(self, words, settings=None, fps="30"):
        """settings: {word: {section: {key: value}}}, which override INI."""
        super().__init__(cameras=len(words), fps=fps)
        os.unlink(self.ini)
        self.inis, self.recorders = self.path("cameras"), {}
        os.mkdir(self.inis)
        self.names = {word: f"{self.name}-{word}" for word in words}
        for word, name in self.names.items():
            self.name, self.ini = name, os.path.join(self.inis, word + ".ini")
            self.write_ini((settings or {}).get(word, {}))

    def __exit__(self, *_):
        self.stop()
        for process in self.recorders.values():
            self.stop_process(process)
        for name in self.names.values():
            forget_memory(name)
        super().__exit__()

    def start(self):
        """Starts everything, and waits until all cameras send frames."""
        with open(self.path("camera.conf"), "w", encoding="utf-8") as conf:
            conf.write("".join(camera.line + "\n" for camera in self.cameras))
        for word in self.names:
            self.start_one(word)
        self.start_web(self.inis)
        for word in self.names:
            self.wait_streaming(word)

    def start_one(self, word):
        environment = dict(self.environment, CAMERA_PRELOAD=self.path("camera.conf"), LD_PRELOAD=self.preloaded())
        self.recorders[word] = self.spawn([program("recorderd"), *self.arguments, "-c", self.inis, "-n", self.names[word]], word + ".log", environment)

    def info(self, word):
        answer = self.get(f"/camera_info?camera={self.names[word]}")
        return answer.json() if answer.status == 200 else {"state": "none"}

    def wait_state(self, word, state):
        wait_for(lambda: self.info(word)["state"] == state, PATIENCE_S, f"{word} is {state}: {self.info(word)}")
        return self.info(word)

    def wait_streaming(self, word):
        return self.wait_state(word, "streaming")

    def folder_of(self, word):
        return os.path.join(self.inis, "recordings", self.names[word])
