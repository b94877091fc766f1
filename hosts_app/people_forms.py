"""The forms of the pages about people: accounts, roles, passwords, tokens."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts_app.models import ApiToken, Role
from accounts_app.tokens import LONGEST
from core.forms import StepUpForm, offer
from hosts_app.models import Host
from hosts_app.people import EVERYWHERE

NO_ROLE = pgettext_lazy("role", "No role")
BROWSERS_LANGUAGE = "auto"
USUAL_LIFE = timedelta(days=90)  # of a token, unless its maker says otherwise
SCOPE_WORDS = {
    "read": gettext_lazy("Read: look at everything its owner sees"),
    "operate": gettext_lazy("Operate: also start, stop, run and remove"),
    "admin": gettext_lazy("Admin: everything its owner may do"),
}


def role_choices() -> list[tuple[str, Any]]:
    return [("0", NO_ROLE), *((str(role.value), role.label) for role in Role)]


def role_field(label: Any, help_text: Any = "") -> forms.TypedChoiceField:
    """One of the roles, or None; what is not sent is None too."""
    return forms.TypedChoiceField(
        label=label,
        help_text=help_text,
        choices=role_choices,
        coerce=lambda value: Role(int(value)) if value != "0" else None,
        empty_value=None,
        initial="0",
    )


def new_password_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("New password"),
        help_text=gettext_lazy("At least 12 characters."),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class NewUserForm(StepUpForm):
    field_order = ("username", "new_password", "everywhere")
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    new_password = new_password_field()
    everywhere = role_field(
        gettext_lazy("Role on all hosts"),
        gettext_lazy("Administrators of all hosts also manage people and read the audit trail."),
    )


class RolesForm(StepUpForm):
    everywhere = role_field(
        gettext_lazy("Role on all hosts"),
        gettext_lazy("Administrators of all hosts also manage people and read the audit trail."),
    )


class GrantForm(forms.Form):
    """One row: a host, and the role there. A row without a role gives none."""

    host = forms.ChoiceField(label=gettext_lazy("Host"), required=False)
    role = role_field(pgettext_lazy("of a user", "Role"))

    def __init__(self, *args: Any, hosts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].required = False
        host = self.fields["host"]
        assert isinstance(host, forms.ChoiceField)
        host.choices = [("", "–"), *hosts]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("role") and not said.get("host") and "host" not in self.errors:
            self.add_error("host", _("On which host?"))
        return said


if TYPE_CHECKING:
    _FormSet = forms.BaseFormSet[GrantForm]
else:  # Django's class takes no parameter when it runs
    _FormSet = forms.BaseFormSet


class _GrantRows(_FormSet):
    def clean(self) -> None:
        """The same host twice is a mistake, and which role was meant nobody can tell."""
        seen: set[str] = set()
        for form in self.forms:
            host = form.cleaned_data.get("host", "") if form.is_valid() else ""
            if host and host in seen:
                form.add_error("host", _("This host is in another row already."))
            seen.add(host)

    def roles(self) -> dict[str, Role]:
        rows = [form.cleaned_data for form in self.forms]
        return {row["host"]: row["role"] for row in rows if row.get("host") and row.get("role")}


GrantRows = forms.formset_factory(GrantForm, formset=_GrantRows, extra=1, max_num=1000)


def grant_rows(
    data: Any, hosts: Iterable[Host], roles: dict[str, Role] | None = None
) -> _GrantRows:
    """A row for each host with a role, and an empty one."""
    initial = [
        {"host": slug, "role": str(role.value)}
        for slug, role in (roles or {}).items()
        if slug != EVERYWHERE
    ]
    choices = [(host.slug, host.name) for host in hosts]
    return cast(
        "_GrantRows",
        GrantRows(data or None, prefix="grants", initial=initial, form_kwargs={"hosts": choices}),
    )


def roles_in(form: forms.Form, rows: _GrantRows) -> dict[str, Role]:
    everywhere = form.cleaned_data["everywhere"]
    return rows.roles() | ({EVERYWHERE: everywhere} if everywhere else {})


class SetPasswordForm(StepUpForm):
    new_password = new_password_field()
    revoke_tokens = forms.BooleanField(
        label=gettext_lazy("Also revoke their API tokens"), required=False
    )


class OwnPasswordForm(forms.Form):
    old = forms.CharField(
        label=gettext_lazy("Password until now"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = new_password_field()
    revoke_tokens = forms.BooleanField(
        label=gettext_lazy("Also revoke my API tokens"), required=False
    )


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Language"))
    shortcuts = forms.BooleanField(
        label=gettext_lazy("Single letters are keyboard shortcuts"),
        help_text=gettext_lazy("Off: only Ctrl K, arrows and Escape act on their own."),
        required=False,
    )

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["language"] = self.initial.get("language") or BROWSERS_LANGUAGE
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)
        language.choices = [(BROWSERS_LANGUAGE, gettext_lazy("As the browser asks")), *languages]

    def clean_language(self) -> str:
        said: str = self.cleaned_data["language"]
        return "" if said == BROWSERS_LANGUAGE else said


class TokenForm(StepUpForm):
    name = forms.CharField(
        label=pgettext_lazy("of a token", "Name"),
        help_text=gettext_lazy("What uses it, such as backup-script."),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label=pgettext_lazy("of a token", "Scope"),
        choices=[(scope, SCOPE_WORDS[scope]) for scope in ApiToken.SCOPES],
    )
    expires = forms.DateField(
        label=pgettext_lazy("of a token", "Expires"),
        help_text=gettext_lazy("At most a year from now."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    hosts = forms.MultipleChoiceField(
        label=gettext_lazy("Only on these hosts"),
        help_text=gettext_lazy("None chosen: on all of your hosts, also those to come."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, hosts: Iterable[Host], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "hosts", ((host.slug, host.name) for host in hosts))
        today = now().date()
        self.fields["expires"].initial = today + USUAL_LIFE
        self.fields["expires"].widget.attrs |= {
            "min": today.isoformat(),
            "max": (today + LONGEST).isoformat(),
        }

    def clean_expires(self) -> datetime:
        """The end of that day; of the last possible day, as much as there is."""
        day = self.cleaned_data["expires"]
        if not now().date() <= day <= (now() + LONGEST).date():
            raise forms.ValidationError(_("A day from today to a year from now."))
        end = datetime.combine(day, time(23, 59, 59), tzinfo=UTC)
        return min(end, now() + LONGEST)
