"""What a municipality buys: kinds of devices, how often they report, how long their batteries last."""

from datetime import timedelta

from msgspec import Struct

from events.kinds import Technology


class Product(Struct, frozen=True):
    """One kind of device. `battery_days` is the time from full to empty; None for a device on the mains."""

    name: str
    title: str
    model: str
    technology: Technology
    heartbeat: timedelta
    battery_days: int | None = None


# A button reports every nine hours, as those of the trade do; what runs on the mains can afford to say more.
BUTTON = Product(
    "button", "Trygghetslarm", "Prova Knapp", Technology.SOCIAL_ALARM, timedelta(hours=9), battery_days=500
)
BED = Product("bed", "Sänglarm", "Prova Säng", Technology.PASSIVE_ALARM, timedelta(hours=4), battery_days=300)
DOOR = Product("door", "Dörrlarm", "Prova Dörr", Technology.PASSIVE_ALARM, timedelta(hours=4), battery_days=400)
MOTION = Product("motion", "Rörelselarm", "Prova Rörelse", Technology.PASSIVE_ALARM, timedelta(hours=1))
GPS = Product("gps", "GPS-larm", "Prova Klocka", Technology.GPS_ALARM, timedelta(hours=4), battery_days=5)
DISPENSER = Product("dispenser", "Läkemedelsautomat", "Prova Dos", Technology.MEDICINE, timedelta(hours=1))
CAMERA = Product("camera", "Tillsynskamera", "Prova Tillsyn", Technology.SUPERVISION, timedelta(hours=1))
LOCK = Product("lock", "Digitalt lås", "Prova Lås", Technology.LOCK, timedelta(hours=4), battery_days=200)

PRODUCTS = (BUTTON, BED, DOOR, MOTION, GPS, DISPENSER, CAMERA, LOCK)
