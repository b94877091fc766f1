"""The forms of images on their way: pull, push, send to hosts, save."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts_app.models import Role, User
from core.errors import Forbidden
from core.forms import CODE, offer
from hosts_app.forms import offer_hosts
from hosts_app.models import Host
from hosts_app.selectors import hosts_for

NAMES = CODE | {"list": "names"}  # of the images that the chosen host has
LONGEST = 400  # characters of a reference


def own_hosts(user: User) -> list[Host]:
    """Where images may be sent from and to. Raises Forbidden where that is nowhere."""
    hosts = list(hosts_for(user, Role.OPERATOR))
    if not hosts:
        raise Forbidden(
            gettext("You may move images on no host."),
            hint=gettext("Ask an administrator for the role."),
        )
    return hosts


def chosen(hosts: list[Host], slug: str) -> Host:
    return next((host for host in hosts if host.slug == slug), hosts[0])


class PullForm(forms.Form):
    """Which images, and to which of `hosts`."""

    reference = forms.CharField(
        label=_("Image"),
        max_length=20 * LONGEST,
        help_text=_(
            "Such as nginx:1.27 or registry.example:5000/team/app. Several with spaces between."
        ),
        widget=forms.TextInput(attrs=CODE),
    )
    hosts = forms.MultipleChoiceField(
        label=_("Hosts"), help_text=_("Each host that you choose pulls it by itself.")
    )
    platform = forms.CharField(
        label=_("Platform"),
        max_length=60,
        required=False,
        help_text=_("Such as linux/arm64. Empty: the engine's own."),
        widget=forms.TextInput(attrs=CODE),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, hosts: Iterable[Host], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer_hosts(self, "hosts", hosts)


class PushForm(forms.Form):
    """Which image of which host, and under which name it goes to a registry."""

    host = forms.ChoiceField(label=_("Host"))
    source = forms.CharField(
        label=_("Image"),
        max_length=LONGEST,
        help_text=_("One that the host has."),
        widget=forms.TextInput(attrs=NAMES),
    )
    registry = forms.ChoiceField(
        label=_("Registry"),
        required=False,
        help_text=_("Where it goes. The sign-in that is stored for it is used."),
    )
    reference = forms.CharField(
        label=_("Name there"),
        required=False,
        max_length=LONGEST,
        help_text=_("Such as team/app:1.4; empty: its own. The image gets this name first."),
        widget=forms.TextInput(attrs=CODE),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        hosts: Iterable[Host],
        registries: Iterable[tuple[str, str]],
        *args: Any,
        **options: Any,
    ) -> None:
        """`registries` are (domain, label)."""
        super().__init__(*args, **options)
        offer_hosts(self, "host", hosts)
        offer(self, "registry", [("", gettext("As its name says")), *registries])


class DistributeForm(forms.Form):
    """An image made on one host, for others: the one it comes from is not offered."""

    host = forms.ChoiceField(
        label=pgettext_lazy("of an image to send", "From"),
        widget=forms.Select(
            attrs={
                "hx-get": "/images/distribute/",
                "hx-include": "closest form",
                "hx-params": "host,targets",
                "hx-select": "#targets",
                "hx-target": "#targets",
                "hx-swap": "outerHTML",
            }
        ),
    )
    reference = forms.CharField(
        label=_("Image"),
        max_length=100 * LONGEST,
        help_text=_("One that the host has, or several with spaces between them."),
        widget=forms.TextInput(attrs=NAMES),
    )
    targets = forms.MultipleChoiceField(
        label=pgettext_lazy("of an image to send", "To"),
        help_text=_("The id that arrives is compared with the one that was sent."),
    )
    via = forms.ChoiceField(
        label=pgettext_lazy("of an image to send", "By way of"),
        required=False,
        help_text=_("A registry: pushed once, then pulled by every host by its digest."),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        hosts: Iterable[Host],
        registries: Iterable[tuple[str, str]],
        *args: Any,
        **options: Any,
    ) -> None:
        """`registries` are (slug, label)."""
        super().__init__(*args, **options)
        hosts = list(hosts)
        via = self.fields["via"]
        assert isinstance(via, forms.ChoiceField), "declared above"
        via.choices = [("", _("Straight from host to host")), *registries]
        offer_hosts(self, "host", hosts)
        source = self.initial.get("host", "")
        offer_hosts(self, "targets", [host for host in hosts if host.slug != source])


class SaveForm(forms.Form):
    """Images of one host, for one archive."""

    host = forms.ChoiceField(label=_("Host"), widget=forms.Select(attrs={"data-submit": ""}))
    reference = forms.MultipleChoiceField(label=_("Images"))

    def __init__(
        self, hosts: Iterable[Host], names: Iterable[tuple[str, str]], *args: Any, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        offer_hosts(self, "host", hosts)
        offer(self, "reference", names, lines=16)


class LoadForm(forms.Form):
    """Where an archive goes; the script sends it, straight to the API."""

    host = forms.ChoiceField(label=_("Host"))
    archive = forms.FileField(
        label=_("Archive"),
        help_text=_("A tar as docker save makes it, also packed with gzip."),
        widget=forms.FileInput(attrs={"accept": ".tar,.tgz,.gz,.xz,.bz2,application/x-tar"}),
    )

    def __init__(self, hosts: Iterable[Host], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer_hosts(self, "host", hosts)


class ImportForm(LoadForm):
    """The same for the files of a root file system, and what the image will be."""

    reference = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=LONGEST,
        help_text=_("Such as shop/base:1.0. Empty: an image without a name."),
        widget=forms.TextInput(attrs=CODE),
    )
    message = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=2000,
        help_text=_("For the image's history."),
    )
    changes = forms.CharField(
        label=_("Changes"),
        required=False,
        help_text=_('Lines of a Dockerfile, such as CMD ["sh"] or ENV PATH=/bin.'),
        widget=forms.Textarea(attrs=CODE | {"rows": 4}),
    )

    def __init__(self, hosts: Iterable[Host], *args: Any, **options: Any) -> None:
        super().__init__(hosts, *args, **options)
        self.fields["archive"].help_text = _("A tar of all files, as docker export makes it.")
