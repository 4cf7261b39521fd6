"""The program as a service to look at."""
import json

from harness import Millrace, Process


class Service(Millrace):
    """The program over one backend, and `serve` over the same."""

    def serve(self, listen="127.0.0.1:0", token=None):
        process = Process(
            [self.binary, "serve", "--listen", listen],
            env={
                **self.env,
                "MILLRACE_LOG_FORMAT": "json",
                **({"MILLRACE_TOKEN": token} if token else {}),
            },
        )
        self.processes.append(process)
        line = json.loads(process.log.wait_for("listening"))
        process.listen = line["listen"]
        process.url = f"http://{process.listen}/"
        return process
