"""Where a device says that it is."""

import pytest

from ingest.scaip.location import Place, place_of

GGA = "$GPGGA,092725.00,5919.7580,N,01804.1160,E,1,08,1.01,499.6,M,48.0,M,,*5B"
STOCKHOLM = (59.3293, 18.0686)


@pytest.mark.parametrize(
    ("geo", "gga", "place"),
    [
        ("59.3293,18.0686", None, STOCKHOLM),
        (" 59.3293 ; 18.0686 ", None, STOCKHOLM),
        ("-33.9,+18.4", None, (-33.9, 18.4)),
        (None, GGA, STOCKHOLM),
        (None, GGA.replace("N", "S").replace(",E", ",W"), (-59.3293, -18.0686)),
        ("59.3293,18.0686", "nonsense", STOCKHOLM),
        ("nonsense", GGA, STOCKHOLM),
        (None, None, None),
        ("", "", None),
        ("0.0,0.0", None, None),
        ("91,18", None, None),
        ("59,181", None, None),
        ("nan,18", None, None),
        ("1e9,18", None, None),
        ("59.3293", None, None),
        ("59,3293,18,0686", None, None),
        (None, GGA.replace(",E,1,", ",E,0,"), None),
        (None, GGA.replace(",E,1,", ",E,,"), None),
        (None, GGA.replace(",N,", ",X,"), None),
        (None, GGA.replace(",N,", ",,"), None),
        (None, "$GPGGA,092725.00,,,,,1", None),
        (None, "$GPRMC" + GGA[6:], None),
    ],
)
def test_the_place(geo: str | None, gga: str | None, place: Place | None) -> None:
    assert place_of(geo, gga) == place
