"""A real Prometheus that scrapes us, by the configuration that we ship."""
import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from harness import PATIENCE, Millrace, Process, ask_until
from metrics_page import start_serve, start_worker

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
RULE_TESTS = DEPLOY / "prometheus" / "alerts_test.yml"
DASHBOARD = DEPLOY / "grafana" / "millrace.json"


@pytest.fixture(autouse=True)
def needs_prometheus():
    for tool in ("prometheus", "promtool"):
        if shutil.which(tool):
            continue
        if os.environ.get("CI") == "true":
            pytest.fail(f"no {tool}, which is needed in CI")
        pytest.skip(f"no {tool}")


def promtool(*args):
    done = subprocess.run(
        ["promtool", *(str(arg) for arg in args)], capture_output=True,
        text=True, timeout=PATIENCE, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts():
    return set(re.findall(r"- alert: (\w+)", RULES.read_text("utf-8")))


def test_configuration_and_rules_are_valid():
    promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    out = promtool("check", "rules", RULES)

    assert f"{len(alerts())} rules found" in out


def test_rules_pass_their_tests():
    promtool("test", "rules", RULE_TESTS)


def test_each_alert_is_tested_firing_and_not_firing():
    tested = re.findall(
        r"alertname: (\w+)\n\s+exp_alerts:( \[\])?", RULE_TESTS.read_text("utf-8")
    )

    assert alerts() == {name for name, silent in tested if silent}
    assert alerts() == {name for name, silent in tested if not silent}


class Prometheus:
    """A server with its data in folder, that scrapes serve and worker."""

    def __init__(self, folder, serve, worker):
        folder.mkdir()
        config = (DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8")
        for ours, theirs in (
            ("127.0.0.1:7420", serve.address),
            ("127.0.0.1:9464", worker.address),
            ("interval: 15s", "interval: 500ms"),
            ("alerts.yml", str(RULES)),
        ):
            assert ours in config
            config = config.replace(ours, theirs)
        (folder / "prometheus.yml").write_text(config, "utf-8")
        self.process = Process(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data",
             "--web.listen-address=127.0.0.1:0"],
        )
        line = self.process.log.wait_for("Listening on", "127.0.0.1")
        self.address = re.search(r"address=(\S+)", line)[1]
        self.process.log.wait_for("ready to receive")

    def close(self):
        self.process.kill()

    def get(self, path, **query):
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return json.load(answer)["data"]

    def query(self, expr):
        """The samples of expr as [(labels, value)]."""
        return [
            (row["metric"], float(row["value"][1]))
            for row in self.get("/api/v1/query", query=expr)["result"]
        ]

    def alert_names(self):
        groups = self.get("/api/v1/rules", type="alert")["groups"]
        return {rule["name"] for group in groups for rule in group["rules"]}

    def targets(self):
        """The health of what it scrapes, by address."""
        return {
            target["labels"]["instance"]: (target["health"],
                                           target["lastError"])
            for target in self.get("/api/v1/targets")["activeTargets"]
        }


def panel_queries():
    """Every query of the dashboard, as Grafana would send it for a time range
    of a minute and all queues."""

    def walk(node):
        if isinstance(node, dict):
            if "expr" in node:
                yield node["expr"]
            for child in node.values():
                yield from walk(child)
        elif isinstance(node, list):
            for child in node:
                yield from walk(child)

    for expr in walk(json.loads(DASHBOARD.read_text("utf-8"))):
        for variable, value in (
            ("$queue", ".*"),
            ("$__rate_interval", "1m"),
            ("$__range", "1m"),
        ):
            expr = expr.replace(variable, value)
        assert "$" not in expr
        yield expr


@pytest.fixture
def watched(binary, tmp_path):
    """serve and a worker, both scraped. What they tell is the same over every
    backend, see test_metrics.py."""
    mill = Millrace(binary, f"sqlite:{tmp_path}/tasks.db", tmp_path)
    serve, worker = start_serve(mill), start_worker(mill)
    prometheus = Prometheus(tmp_path / "prometheus", serve, worker)
    yield serve, worker, prometheus
    prometheus.close()
    mill.close()


def answers(samples):
    """Whether there is data: a quantile of nothing is NaN."""
    return any(value == value for _, value in samples)


def test_prometheus_has_an_answer_to_each_query_of_the_dashboard(watched):
    serve, worker, prometheus = watched
    silent = set(panel_queries())
    assert len(silent) > 20

    def ask_all():
        """Some work, for a rate needs an increase between two scrapes."""
        serve.enqueue(
            [
                {"type": "demo.echo"},
                {"type": "demo.echo", "delay_ms": 10},
                {"type": "demo.dead", "max_attempts": 1},
            ]
        )
        silent.difference_update(
            [expr for expr in silent if answers(prometheus.query(expr))]
        )
        return not silent

    try:
        ask_until(ask_all, "each has an answer")
    except AssertionError:
        pytest.fail("\n".join(["no answer to:", *silent]))

    assert prometheus.targets() == {
        serve.address: ("up", ""), worker.address: ("up", "")
    }
    assert prometheus.alert_names() == alerts()
    (row,) = prometheus.query("max(millrace_workers)")
    assert row[1] == 1


def test_a_dead_letter_raises_its_alert(watched):
    serve, _, prometheus = watched
    serve.enqueue({"type": "demo.dead", "max_attempts": 1, "queue": "mail"})

    (labels, _) = ask_until(
        lambda: prometheus.query(
            'ALERTS{alertname="MillraceDeadLettersGrow",alertstate="firing"}'
        ),
        "it fires",
    )[0]

    assert (labels["queue"], labels["job"]) == ("mail", "millrace")
