"""Readers that are not ours, for spec/report_judges_spec.lua: csv, jsonschema, icalendar, openpyxl.

Each command reads one file and prints JSON of what a user's program would find in it.
"""
import csv
import datetime
import json
import sys
import warnings

warnings.simplefilter("ignore")


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    widths = sorted({len(row) for row in rows})
    runs = [c for row in rows[1:] for c in row
            if c.lstrip(" ")[:1] in ("=", "+", "@", "\t", "\r") or
            (c[:1] == "-" and not c[1:].replace(".", "").isdigit())]
    return {"rows": len(rows), "widths": widths, "formulas": runs, "header": rows[0],
            "first": rows[1] if len(rows) > 1 else []}


def read_json(path, schema):
    import jsonschema
    with open(schema, encoding="utf-8") as file:
        rules = json.load(file)
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    validator = jsonschema.Draft202012Validator(rules)
    validator.check_schema(rules)
    return {"errors": [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(document)]}


def read_calendar(path):
    import icalendar
    with open(path, "rb") as file:
        calendar = icalendar.Calendar.from_ical(file.read())
    events = calendar.walk("VEVENT")
    return {"events": len(events), "uids": sorted({str(e["UID"]) for e in events}),
            "all_day": all(type(e["DTSTART"].dt) is datetime.date for e in events),
            "first": {"summary": str(events[0]["SUMMARY"]), "start": str(events[0]["DTSTART"].dt),
                      "end": str(events[0]["DTEND"].dt)},
            "alarms": len(calendar.walk("VALARM"))}


def cells_of(sheet):
    out = []
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is None:
                continue
            value = cell.value
            if isinstance(value, datetime.datetime):
                value = value.date().isoformat()
            out.append({"at": cell.coordinate, "type": cell.data_type, "value": value,
                        "format": cell.number_format, "date": cell.is_date})
    return out


def read_workbook(path):
    import openpyxl
    with open(path, "rb") as file:
        formulas = openpyxl.load_workbook(file)
        values = openpyxl.load_workbook(file, data_only=True)
    sheets = {}
    for name in formulas.sheetnames:
        sheet, cached = formulas[name], values[name]
        sheets[name] = {"cells": cells_of(sheet), "frozen": sheet.freeze_panes,
                        "charts": len(sheet._charts),
                        "cached": {c["at"]: cached[c["at"]].value for c in cells_of(sheet)
                                   if c["type"] == "f"}}
    return {"names": formulas.sheetnames, "sheets": sheets,
            "created": formulas.properties.created.isoformat()}


COMMANDS = {"csv": read_csv, "json": read_json, "ics": read_calendar, "xlsx": read_workbook}
print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
