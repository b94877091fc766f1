"""Rows of the audit trail can be added, never changed or deleted (I3)."""

from django.db import migrations

SQLITE = """
CREATE TRIGGER audit_no_{deed} BEFORE {deed} ON accounts_app_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
"""
POSTGRESQL = """
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$ LANGUAGE plpgsql;
CREATE TRIGGER audit_no_{deed} BEFORE {deed} ON accounts_app_auditentry
FOR EACH ROW EXECUTE FUNCTION audit_append_only();
"""


def guard(apps, schema_editor):
    text = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for deed in ("UPDATE", "DELETE"):
        schema_editor.execute(text.format(deed=deed))


def unguard(apps, schema_editor):
    table = "" if schema_editor.connection.vendor == "sqlite" else " ON accounts_app_auditentry"
    for deed in ("UPDATE", "DELETE"):
        schema_editor.execute(f"DROP TRIGGER audit_no_{deed}{table}")


class Migration(migrations.Migration):
    dependencies = [("accounts_app", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
