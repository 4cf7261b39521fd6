"""Adding tasks: one by one and in batches, plain and hostile."""
import json
import os
import re
import subprocess

import pytest

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
MIB = 1048576


def test_it_prints_the_id_and_nothing_else(mill):
    done = mill.run("enqueue", "email.send", '{"to":"me"}')

    assert ULID.fullmatch(done.out.rstrip("\n"))
    assert done.err == ""


def test_json_tells_what_became_of_it(mill):
    row = mill.row("enqueue", "email.send")

    assert ULID.fullmatch(row.pop("id"))
    assert row == {"queue": "default", "state": "ready", "duplicate": False}


def test_ids_sort_by_time_across_processes(mill):
    ids = [mill.enqueue("t") for _ in range(5)]

    assert [i[:10] for i in ids] == sorted(i[:10] for i in ids)
    assert len(set(ids)) == 5


def test_a_task_has_the_documented_defaults(mill):
    task = mill.show(mill.enqueue("t"))

    assert task["type"] == "t"
    assert task["queue"] == "default"
    assert task["state"] == "ready"
    assert task["priority"] == "normal"
    assert task["max_attempts"] == 10
    assert task["max_crashes"] == 3
    assert task["timeout_ms"] == 1800000
    assert task["attempt"] == 0
    assert task["crashes"] == 0
    assert task["backoff"] == {
        "kind": "exponential",
        "base_ms": 1000,
        "factor": 2,
        "max_ms": 3600000,
        "jitter": "full",
    }
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", task["created_at"]
    )


def test_every_option_arrives(mill):
    task_id = mill.enqueue(
        "t", {"n": 1},
        "--queue", "mail.out", "--in", "1h", "--priority", "high",
        "--max-attempts", "3", "--timeout", "1m30s",
        "--backoff", "linear:2s:1m", "--jitter", "equal",
        "--key", "k1", "--key-ttl", "2h", "--retain", "7d",
        "--expires", "3h", "--header", "tenant=42", "--header", "a=b=c",
    )

    task = mill.show(task_id)

    assert task["payload"] == {"n": 1}
    assert task["queue"] == "mail.out"
    assert task["state"] == "scheduled"
    assert task["priority"] == "high"
    assert task["max_attempts"] == 3
    assert task["timeout_ms"] == 90000
    assert task["backoff"]["kind"] == "linear"
    assert task["backoff"]["base_ms"] == 2000
    assert task["backoff"]["max_ms"] == 60000
    assert task["backoff"]["jitter"] == "equal"
    assert task["key"] == "k1"
    assert task["key_ttl_ms"] == 7200000
    assert task["retain_ms"] == 604800000
    assert task["expires_ms"] == 10800000
    assert task["headers"] == {"tenant": "42", "a": "b=c"}


def test_at_takes_any_offset_and_shows_utc(mill):
    task_id = mill.enqueue("t", None, "--at", "2999-01-01T01:30:00.5+01:30")

    task = mill.show(task_id)

    assert task["state"] == "scheduled"
    assert task["run_at"] == "2999-01-01T00:00:00.500Z"


def test_a_time_that_is_past_is_ready_at_once(mill):
    task_id = mill.enqueue("t", None, "--at", "2001-01-01T00:00:00Z")

    assert mill.state(task_id) == "ready"


def test_the_payload_comes_from_standard_input(mill):
    task_id = mill.run("enqueue", "t", "-", stdin='{"from":"stdin"}\n').out

    assert mill.show(task_id.strip())["payload"] == {"from": "stdin"}


def test_standard_input_that_cannot_be_read_is_named(mill, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    done = subprocess.run(
        [mill.binary, "enqueue", "t", "-"],
        stdin=folder,
        capture_output=True,
        env=mill.env,
        check=False,
    )
    os.close(folder)

    assert done.returncode == 2
    assert b"standard input: Is a directory" in done.stderr


def test_in_and_at_do_not_go_together(mill):
    epoch = "1970-01-01T00:00:00Z"

    done = mill.run("enqueue", "t", "--at", epoch, "--in", "5s", code=2)

    assert "--at" in done.err


@pytest.mark.parametrize(
    "payload",
    [
        '{"big":9007199254740993,"huge":123456789012345678901234567890}',
        '[1.0,1e400,-0,0.1000000000000000055511151231257827]',
        '"NUL \\u0000 and a pair \\ud83d\\ude00 and \\u00e4"',
        '{"a":1,"a":2}',
        '"ä 😀"',
        "null",
        "0",
        "[" * 500 + "]" * 500,
    ],
)
def test_a_payload_comes_back_byte_for_byte(mill, payload):
    task_id = mill.enqueue("t", payload)

    shown = mill.run("--json", "task", "show", task_id).out
    assert f'"payload":{payload}' in shown


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * MIB,
        b"{" * 1000,
        b'{"a":' * 100000,
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\x00"',
        b'"tab\tinside"',
        b"{} \x00",
        b"01",
        b"1.",
        b"+1",
        b"NaN",
        b"tru",
        b'"open',
        b"[1,]",
        b'{"a"}',
        b"",
        b"   ",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_refused_with_the_place(mill, payload):
    done = mill.run("enqueue", "t", "-", stdin=payload, code=2)

    assert "payload" in done.err
    assert len(done.err) < 500
    assert mill.rows("stats") == []


def test_a_payload_of_just_the_limit_goes_in(mill):
    payload = '"' + "x" * (MIB - 2) + '"'
    task_id = mill.run("enqueue", "t", "-", stdin=payload).out.strip()

    assert mill.show(task_id)["payload"] == "x" * (MIB - 2)


def test_a_payload_one_byte_over_the_limit_is_refused(mill):
    payload = '"' + "x" * (MIB - 1) + '"'

    done = mill.run("enqueue", "t", "-", stdin=payload, code=2)

    assert "payload too large: 1048577 bytes, limit 1048576" in done.err
    assert mill.rows("stats") == []


def test_a_key_that_is_held_answers_its_holder(mill):
    first = mill.row("enqueue", "t", "--key", "k")
    second = mill.row("enqueue", "t", "--key", "k")

    assert second == {**first, "duplicate": True}
    assert mill.stats()["ready"] == 1


def test_a_key_belongs_to_its_queue(mill):
    here = mill.row("enqueue", "t", "--key", "k", "--queue", "a")
    there = mill.row("enqueue", "t", "--key", "k", "--queue", "b")

    assert here["id"] != there["id"]
    assert not there["duplicate"]


def test_a_key_is_free_again_once_its_task_is_done(mill):
    first = mill.enqueue("demo.echo", None, "--key", "k")
    mill.drain("--demo")

    second = mill.row("enqueue", "demo.echo", "--key", "k")

    assert second["id"] != first
    assert not second["duplicate"]


def test_a_key_with_a_ttl_outlives_its_task(mill):
    first = mill.enqueue("demo.echo", None, "--key", "k", "--key-ttl", "1h")
    mill.drain("--demo")

    second = mill.row("enqueue", "demo.echo", "--key", "k")

    assert second["id"] == first
    assert second["duplicate"]
    assert mill.stats()["ready"] == 0


def test_a_key_is_free_again_once_its_ttl_is_over(mill):
    first = mill.enqueue("t", None, "--key", "k", "--key-ttl", "1ms")

    second = mill.row("enqueue", "t", "--key", "k")

    assert second["id"] != first


def test_a_key_is_free_again_once_its_task_is_cancelled(mill):
    mill.run("task", "cancel", mill.enqueue("t", None, "--key", "k"))

    assert not mill.row("enqueue", "t", "--key", "k")["duplicate"]


def test_a_batch_answers_line_by_line(mill):
    rows = mill.batch([{"type": "a"}, {"type": "b", "queue": "other"}])

    assert [row["queue"] for row in rows] == ["default", "other"]
    assert [mill.show(row["id"])["type"] for row in rows] == ["a", "b"]


def test_a_batch_without_json_prints_ids(mill):
    done = mill.run("enqueue", "--batch", "-", stdin='{"type":"a"}\n' * 3)

    assert all(ULID.fullmatch(line) for line in done.out.splitlines())
    assert len(set(done.out.splitlines())) == 3


def test_a_batch_comes_from_a_file(mill, tmp_path):
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"type":"a"}\n{"type":"b"}', encoding="utf-8")

    assert len(mill.rows("enqueue", "--batch", file)) == 2


def test_a_batch_file_that_is_not_there_is_named(mill, tmp_path):
    done = mill.run("enqueue", "--batch", tmp_path / "gone", code=2)

    assert str(tmp_path / "gone") in done.err


def test_a_batch_of_a_folder_names_it(mill, tmp_path):
    done = mill.run("enqueue", "--batch", tmp_path, code=2)

    assert done.err == f"millrace: {tmp_path}: Is a directory\n"


def test_a_batch_whose_ids_cannot_be_written_says_why_once(mill):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [mill.binary, "enqueue", "--batch", "-"],
            input='{"type":"t"}\n' * 2000, stdout=full,
            stderr=subprocess.PIPE, env=mill.env, text=True, check=False,
            timeout=60,
        )

    assert done.stderr == (
        "millrace: standard output: No space left on device\n"
    )
    assert done.returncode == 1


def test_every_field_of_a_batch_line_arrives(mill):
    sent = {
        "type": "t",
        "payload": [1, 2],
        "queue": "q",
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "delay_ms": 3600000,
        "priority": "low",
        "max_attempts": 4,
        "max_crashes": 2,
        "timeout_ms": 0,
        "backoff": {
            "kind": "exponential",
            "base_ms": 5,
            "factor": 1.5,
            "max_ms": 50,
            "jitter": "none",
        },
        "key": "k",
        "key_ttl_ms": 1000,
        "retain_ms": 2000,
        "expires_ms": 3000,
        "headers": {"a": "b"},
    }

    (row,) = mill.batch([sent])
    task = mill.show(row["id"])

    assert row["state"] == "scheduled"
    del sent["delay_ms"]
    assert {name: task[name] for name in sent} == sent


def test_run_at_of_a_batch_line_arrives(mill):
    (row,) = mill.batch([{"type": "t", "run_at": "2999-12-31T23:59:59Z"}])

    assert mill.show(row["id"])["run_at"] == "2999-12-31T23:59:59.000Z"


def test_an_id_that_exists_answers_that_task(mill):
    task = {"type": "t", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}

    (first,) = mill.batch([task])
    (second,) = mill.batch([task])

    assert first["id"] == second["id"] == task["id"]
    assert [first["duplicate"], second["duplicate"]] == [False, True]
    assert mill.stats()["ready"] == 1


def test_two_alike_in_one_batch_are_one_task(mill):
    by_id = {"type": "t", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    by_key = {"type": "t", "key": "k"}

    rows = mill.batch([by_id, by_id, by_key, by_key])

    assert [row["duplicate"] for row in rows] == [False, True, False, True]
    assert rows[2]["id"] == rows[3]["id"]
    assert mill.stats()["ready"] == 2


BAD_LINES = [
    ("[]", "object"),
    ("nonsense", ""),
    ("{}", "type"),
    ('{"type":7}', "type"),
    ('{"type":"a b"}', "a b"),
    ('{"type":"t","colour":"red"}', "colour"),
    ('{"type":"t","type":"u"}', "type"),
    ('{"type":"t","queue":"A"}', "queue"),
    ('{"type":"t","queue":null}', "queue"),
    ('{"type":"t","id":"word"}', "id"),
    ('{"type":"t","delay_ms":-1}', "delay_ms"),
    ('{"type":"t","delay_ms":1.5}', "delay_ms"),
    ('{"type":"t","delay_ms":"1"}', "delay_ms"),
    ('{"type":"t","delay_ms":99999999999999999999}', "delay_ms"),
    ('{"type":"t","delay_ms":1,"run_at":"2030-01-01T00:00:00Z"}', "run_at"),
    ('{"type":"t","run_at":"soon"}', "run_at"),
    ('{"type":"t","run_at":5}', "run_at"),
    ('{"type":"t","priority":"urgent"}', "priority"),
    ('{"type":"t","max_attempts":0}', "max_attempts"),
    ('{"type":"t","max_attempts":1000001}', "max_attempts"),
    ('{"type":"t","max_crashes":0}', "max_crashes"),
    ('{"type":"t","timeout_ms":-1}', "timeout_ms"),
    ('{"type":"t","backoff":"linear"}', "backoff"),
    ('{"type":"t","backoff":{"kind":"cubic"}}', "cubic"),
    ('{"type":"t","backoff":{"base":5}}', "base"),
    ('{"type":"t","backoff":{"factor":0.5}}', "factor"),
    ('{"type":"t","backoff":{"factor":1e9}}', "factor"),
    ('{"type":"t","backoff":{"base_ms":-5}}', "base_ms"),
    ('{"type":"t","key":""}', "key"),
    ('{"type":"t","key":"a\\u0000b"}', "key"),
    ('{"type":"t","key_ttl_ms":5}', "key"),
    ('{"type":"t","retain_ms":-1}', "retain_ms"),
    ('{"type":"t","expires_ms":-1}', "expires_ms"),
    ('{"type":"t","headers":[]}', "headers"),
    ('{"type":"t","headers":{"a":1}}', "headers"),
    ('{"type":"t","headers":{"a":"\\u0000"}}', "headers"),
    ('{"type":"t","payload":"\\ud800"}', "surrogate"),
    ('{"type":"t"} {}', ""),
    ('{"type":"t"', ""),
    ("[" * MIB, ""),
    ('{"type":"t","payload":"' + "x" * MIB + '"}', "payload too large"),
]


def test_a_header_given_twice_is_named(mill):
    done = mill.run("enqueue", "t", "--header", "who=a", "--header", "who=b",
                    code=2)

    assert done.err == 'millrace: headers: bad name "who": given twice\n'
    assert mill.stats() is None


@pytest.mark.parametrize(
    "field", ["max_attempts", "timeout_ms", "retain_ms", "expires_ms"]
)
@pytest.mark.parametrize(
    "number", ["9007199254740993", "-9223372036854775809", "1e300"]
)
def test_a_number_beyond_all_types_is_not_misquoted(mill, field, number):
    line = f'{{"type":"t","{field}":{number}}}\n'

    done = mill.run("enqueue", "--batch", stdin=line, code=1)

    assert re.match(rf"line 1: {field}: out of range \d+ to \d+$", done.err)


@pytest.mark.parametrize("line, culprit", BAD_LINES)
def test_a_bad_line_is_named_and_the_others_go_in(mill, line, culprit):
    lines = '{"type":"a"}\n' + line + '\n{"type":"c"}\n'

    done = mill.run("--json", "enqueue", "--batch", stdin=lines, code=1)

    assert re.search(r"\bline 2: ", done.err)
    assert culprit in done.err
    assert done.err.count("\n") == 1
    assert len(done.err) < 600
    assert [mill.show(row["id"])["type"] for row in done.rows] == ["a", "c"]


def test_every_bad_line_has_its_number(mill):
    lines = "x\n" + '{"type":"t"}\n' * 2500 + "y\n"

    done = mill.run("enqueue", "--batch", stdin=lines, code=1)

    assert "line 1: " in done.err
    assert "line 2502: " in done.err
    assert mill.stats()["ready"] == 2500


def test_raw_bytes_in_a_batch_are_a_bad_line(mill):
    lines = b'{"type":"a"}\n{"type":"t","payload":"\x00\xff"}\n{"type":"c"}\n'

    done = mill.run("enqueue", "--batch", stdin=lines, code=1)

    assert "line 2: " in done.err
    assert mill.stats()["ready"] == 2


def test_blank_lines_in_a_batch_are_no_tasks(mill):
    mill.run("enqueue", "--batch", stdin='\n{"type":"a"}\n\n{"type":"b"}\n\n')

    assert mill.stats()["ready"] == 2


def test_an_empty_batch_is_fine(mill):
    assert mill.run("enqueue", "--batch", stdin="").out == ""


def test_a_batch_streams_far_more_than_one_call_takes(mill):
    lines = "".join(
        json.dumps({"type": "t", "payload": n}) + "\n" for n in range(5000)
    )

    rows = mill.rows("enqueue", "--batch", stdin=lines)

    assert len({row["id"] for row in rows}) == 5000
    assert mill.stats()["ready"] == 5000
    assert [mill.show(rows[n]["id"])["payload"] for n in (0, 4999)] == [0, 4999]
