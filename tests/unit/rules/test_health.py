"""What is wrong with devices, and who is told: each condition begins once, and is taken back once."""

import pytest

from events.control import AssignmentChanged
from events.devices import Family, LifeCycle, Origin
from events.ids import DeviceId, ResidentId, resident_key
from events.kinds import Technology
from rules.decisions import Priority, Proven, Raise, Withdraw
from tests.support.fleet import Fleet, minute

NOT_WATCHED = [state for state in LifeCycle if state not in (LifeCycle.INSTALLED, LifeCycle.IN_USE)]


@pytest.fixture
def fleet() -> Fleet:
    """A button that must be heard each hour."""
    fleet = Fleet()
    fleet.device("button")
    return fleet


def test_a_device_is_silent_after_its_own_limit(fleet: Fleet) -> None:
    fleet.say(10, "button", "heartbeat")
    assert fleet.pass_time(69) == []
    assert fleet.pass_time(70) == ["70 raise device_silent d:button not_heard"]
    assert fleet.pass_time(1000) == []


def test_a_device_that_was_never_heard_is_silent_too(fleet: Fleet) -> None:
    assert fleet.pass_time(60) == ["60 raise device_silent d:button not_heard"]
    (raised,) = fleet.decisions
    assert raised.detail["last_seen"] is None


@pytest.mark.parametrize("kind", ["heartbeat", "motion", "test_alarm", "online", "battery"])
def test_a_silent_device_is_withdrawn_when_it_is_heard(fleet: Fleet, kind: str) -> None:
    fleet.pass_time(60)
    fields = {"percent": 90} if kind == "battery" else {}
    assert fleet.say(100, "button", kind, **fields) == ["100 withdraw d:button heard_again"]
    raised, withdrawn = fleet.decisions
    assert isinstance(withdrawn, Withdraw)
    assert withdrawn.episode == raised.id
    assert withdrawn.detail["minutes"] == 100
    assert fleet.pass_time(160) == ["160 raise device_silent d:button not_heard"]


def test_that_the_hub_does_not_see_it_is_no_sign_of_life(fleet: Fleet) -> None:
    fleet.say(59, "button", "offline")
    assert fleet.pass_time(60) == ["60 raise device_silent d:button not_heard"]


def test_what_was_due_before_a_message_is_told_before_it(fleet: Fleet) -> None:
    assert fleet.say(75, "button", "heartbeat") == [
        "60 raise device_silent d:button not_heard",
        "75 withdraw d:button heard_again",
    ]


def test_without_a_limit_nothing_is_ever_silent() -> None:
    fleet = Fleet()
    fleet.device("button", limit=None)
    fleet.say(0, "button", "heartbeat")
    assert fleet.pass_time(100_000) == []


@pytest.mark.parametrize("life_cycle", NOT_WATCHED)
def test_nobody_is_told_of_a_device_that_nobody_relies_on(life_cycle: LifeCycle) -> None:
    fleet = Fleet()
    fleet.device("button", life_cycle=life_cycle, critical=True)
    fleet.lend("button", "anna")
    fleet.say(1, "button", "battery", percent=1)
    fleet.say(1, "button", "tampered")
    fleet.say(1, "button", "fault")
    fleet.say(1, "button", "mains_lost")
    assert fleet.pass_time(10_000) == []
    assert fleet.decisions == []


def test_what_was_wrong_is_over_when_the_device_is_returned(fleet: Fleet) -> None:
    fleet.say(0, "button", "battery", percent=10)
    fleet.pass_time(60)
    assert sorted(fleet.device("button", 70, life_cycle=LifeCycle.RETURNED)) == [
        "70 withdraw d:button device_changed",
        "70 withdraw d:button device_changed",
    ]
    assert fleet.pass_time(10_000) == []


def test_a_device_that_is_watched_in_another_way_has_its_new_limit_from_then(fleet: Fleet) -> None:
    fleet.pass_time(60)
    assert fleet.device("button", 70, limit=120) == ["70 withdraw d:button device_changed"]
    assert fleet.pass_time(189) == []
    assert fleet.pass_time(190) == ["190 raise device_silent d:button not_heard"]


def test_a_new_name_does_not_make_a_device_less_silent(fleet: Fleet) -> None:
    fleet.pass_time(60)
    assert fleet.device("button", 70) == []
    assert fleet.say(80, "button", "heartbeat") == ["80 withdraw d:button heard_again"]


class TestCallDevices:
    """A silent device that somebody calls for help with."""

    @pytest.fixture
    def fleet(self) -> Fleet:
        fleet = Fleet()
        fleet.device("button", critical=True)
        return fleet

    def test_its_holder_is_told_of_as_well(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna")
        assert fleet.pass_time(60) == [
            "60 raise device_silent d:button not_heard",
            "60 raise call_device_silent r:anna not_heard",
        ]
        assert [d.priority for d in fleet.decisions if isinstance(d, Raise)] == [Priority.TECHNICAL, Priority.CARE]
        assert {d.device for d in fleet.decisions if isinstance(d, Raise)} == {"button"}
        assert fleet.say(61, "button", "alarm_pressed")[1:] == [
            "61 withdraw d:button heard_again",
            "61 withdraw r:anna heard_again",
        ]

    def test_one_that_is_heard_as_its_limit_passes_is_taken_back_at_once(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna")
        assert fleet.say(60, "button", "heartbeat")[2:] == [
            "60 withdraw d:button heard_again",
            "60 withdraw r:anna heard_again",
        ]

    def test_what_else_is_wrong_with_it_hides_no_silence(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna", until=500)
        fleet.say(0, "button", "tampered")
        assert fleet.pass_time(60)[0] == "60 raise device_silent d:button not_heard"

    def test_both_of_a_couple_are_told_of(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna", other="bo")
        assert fleet.pass_time(60)[1:] == [
            "60 raise call_device_silent r:anna not_heard",
            "60 raise call_device_silent r:bo not_heard",
        ]

    def test_nobody_is_when_nobody_has_it(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna", until=30)
        assert fleet.pass_time(60) == ["60 raise device_silent d:button not_heard"]

    def test_it_follows_the_device_from_one_to_the_next(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna", until=100)
        fleet.lend("button", "bo", 20)
        lent_later = AssignmentChanged(
            assignment="later",
            device=DeviceId("button"),
            resident=ResidentId("cecilia"),
            technology=Technology.SOCIAL_ALARM,
            start=minute(120),
        )
        fleet.control(30, lent_later, resident_key(ResidentId("cecilia")))
        fleet.pass_time(60)
        assert fleet.pass_time(100) == ["100 withdraw r:anna device_changed"]
        assert fleet.pass_time(119) == []
        assert fleet.pass_time(120) == ["120 raise call_device_silent r:cecilia not_heard"]

    def test_an_assignment_that_ends_now_takes_it_back(self, fleet: Fleet) -> None:
        fleet.lend("button", "anna")
        fleet.pass_time(60)
        assert fleet.lend("button", "anna", 0, until=70) == []
        assert fleet.pass_time(70) == ["70 withdraw r:anna device_changed"]


class TestHubs:
    """A hub (limit 20 minutes, and 5 for what is noted late) and two sensors behind it (limit 60 and 90)."""

    @pytest.fixture
    def fleet(self) -> Fleet:
        fleet = Fleet()
        fleet.device("hub", limit=20, technology=Technology.OTHER)
        fleet.device("left", hub="hub", limit=60)
        fleet.device("right", hub="hub", limit=90)
        for name in ("hub", "left", "right"):
            fleet.say(0, name, "heartbeat")
        return fleet

    def test_its_devices_wait_for_a_hub_that_is_down(self, fleet: Fleet) -> None:
        assert fleet.pass_time(1000) == ["25 raise hub_down d:hub not_heard"]

    def test_they_have_their_own_limit_from_when_it_is_back(self, fleet: Fleet) -> None:
        fleet.pass_time(100)
        assert fleet.say(110, "hub", "heartbeat") == ["110 withdraw d:hub heard_again"]
        fleet.say(130, "hub", "heartbeat")
        fleet.say(150, "hub", "heartbeat")
        fleet.say(169, "hub", "heartbeat")
        assert fleet.pass_time(169) == []
        assert fleet.pass_time(170) == ["170 raise device_silent d:left not_heard"]

    def test_a_device_that_is_heard_shows_that_its_hub_is_alive(self, fleet: Fleet) -> None:
        told = [word for time in range(10, 200, 10) for word in fleet.say(time, "right", "motion")]
        assert told == []
        assert fleet.pass_time(190) == ["60 raise device_silent d:left not_heard"]

    def test_a_device_that_is_heard_ends_its_hubs_silence(self, fleet: Fleet) -> None:
        fleet.pass_time(40)
        assert fleet.say(41, "left", "motion") == ["41 withdraw d:hub heard_again"]

    def test_devices_that_became_silent_with_it_are_taken_into_its_alarm(self) -> None:
        fleet = Fleet()
        fleet.device("hub", limit=100)
        fleet.device("left", hub="hub", limit=60)
        fleet.say(0, "left", "motion")
        fleet.say(0, "hub", "heartbeat")
        assert fleet.pass_time(60) == ["60 raise device_silent d:left not_heard"]
        assert fleet.pass_time(105) == ["105 raise hub_down d:hub not_heard", "105 withdraw d:left hub_down"]

    def test_one_that_was_silent_long_before_keeps_its_own(self, fleet: Fleet) -> None:
        for time in range(10, 90, 10):
            fleet.say(time, "right", "motion")
        assert fleet.pass_time(1000) == [
            "60 raise device_silent d:left not_heard",
            "105 raise hub_down d:hub not_heard",
        ]

    def test_two_that_are_due_at_once_are_one_alarm(self) -> None:
        fleet = Fleet()
        fleet.device("hub", limit=55)
        fleet.device("a-sensor", hub="hub", limit=60)
        fleet.device("z-sensor", hub="hub", limit=60)
        assert fleet.pass_time(60) == ["60 raise hub_down d:hub not_heard"]

    def test_a_hub_that_says_goodbye_is_down_after_a_moment(self, fleet: Fleet) -> None:
        fleet.say(1, "hub", "offline")
        assert fleet.pass_time(2.9) == []
        assert fleet.pass_time(3) == ["3 raise hub_down d:hub reported_offline"]

    def test_a_hub_without_a_limit_is_down_when_it_says_goodbye(self, fleet: Fleet) -> None:
        fleet.device("hub", limit=None)
        fleet.say(1, "hub", "offline")
        assert fleet.pass_time(30) == ["3 raise hub_down d:hub reported_offline"]

    def test_a_goodbye_gives_a_hub_no_more_time_than_its_limit(self, fleet: Fleet) -> None:
        fleet.say(24, "hub", "offline")
        assert fleet.pass_time(30) == ["25 raise hub_down d:hub not_heard"]

    def test_who_is_given_a_call_device_that_waits_for_its_hub_is_told_of(self) -> None:
        fleet = Fleet()
        fleet.device("hub", limit=20)
        fleet.device("button", hub="hub", limit=60, critical=True)
        later = AssignmentChanged(
            assignment="later",
            device=DeviceId("button"),
            resident=ResidentId("anna"),
            technology=Technology.SOCIAL_ALARM,
            start=minute(120),
        )
        fleet.control(0, later, resident_key(ResidentId("anna")))
        assert fleet.pass_time(200) == [
            "25 raise hub_down d:hub not_heard",
            "120 raise call_device_silent r:anna not_heard",
        ]

    @pytest.mark.parametrize("speaker", ["hub", "left"])
    def test_a_hub_that_restarts_is_no_alarm(self, fleet: Fleet, speaker: str) -> None:
        fleet.say(1, "hub", "offline")
        fleet.say(2, speaker, "online")
        assert fleet.pass_time(10) == []

    def test_a_call_device_behind_it_is_told_of_after_its_own_limit(self) -> None:
        """One technical alarm; but the person cannot call for help, whatever the reason."""
        fleet = Fleet()
        fleet.device("hub", limit=20)
        fleet.device("button", hub="hub", limit=60, critical=True)
        fleet.lend("button", "anna")
        assert fleet.pass_time(100) == [
            "25 raise hub_down d:hub not_heard",
            "60 raise call_device_silent r:anna not_heard",
        ]
        assert fleet.say(110, "hub", "heartbeat") == ["110 withdraw d:hub heard_again"]
        assert fleet.say(111, "button", "heartbeat") == ["111 withdraw r:anna heard_again"]

    def test_who_gives_a_call_device_back_that_was_not_heard_since_is_no_longer_told_of(self) -> None:
        """Its hub is back, so it is not said to be silent; but it has not been heard again either."""
        fleet = Fleet()
        fleet.device("hub", limit=20)
        fleet.device("button", hub="hub", limit=60, critical=True)
        fleet.lend("button", "anna", until=130)
        fleet.pass_time(100)
        fleet.say(110, "hub", "heartbeat")
        assert fleet.pass_time(130) == ["130 withdraw r:anna device_changed"]

    def test_a_network_answers_for_its_gateways_and_what_is_behind_them(self) -> None:
        fleet = Fleet()
        fleet.device("network", limit=20)
        fleet.device("gateway", hub="network", limit=30)
        fleet.device("sensor", hub="gateway", limit=60)
        assert fleet.pass_time(500) == ["25 raise hub_down d:network not_heard"]
        assert fleet.say(501, "sensor", "motion") == ["501 withdraw d:network heard_again"]
        assert fleet.state("gateway").known.silence is None
        assert fleet.pass_time(1000) == ["526 raise hub_down d:network not_heard"]

    def test_a_hub_that_is_scrapped_lets_its_devices_go(self, fleet: Fleet) -> None:
        fleet.pass_time(100)
        assert fleet.device("hub", 110, limit=20, life_cycle=LifeCycle.SCRAPPED) == [
            "110 withdraw d:hub device_changed"
        ]
        assert fleet.pass_time(1000) == [
            "170 raise device_silent d:left not_heard",
            "200 raise device_silent d:right not_heard",
        ]

    def test_a_device_that_gets_another_hub_no_longer_waits(self, fleet: Fleet) -> None:
        fleet.pass_time(100)
        fleet.device("left", 110, limit=60)
        assert fleet.pass_time(1000) == ["170 raise device_silent d:left not_heard"]


def test_a_standstill_of_vaka_makes_no_device_silent(fleet: Fleet) -> None:
    fleet.device("late", limit=200)
    assert fleet.stand_still(since=30, until=150) == []
    assert fleet.pass_time(209) == []
    assert fleet.pass_time(210) == ["210 raise device_silent d:button not_heard"]
    assert fleet.pass_time(350) == ["350 raise device_silent d:late not_heard"]


def test_a_short_standstill_is_none(fleet: Fleet) -> None:
    assert fleet.stand_still(since=58, until=62) == ["60 raise device_silent d:button not_heard"]


def test_a_device_that_would_not_have_been_silent_for_long_keeps_its_time(fleet: Fleet) -> None:
    fleet.say(10, "button", "heartbeat")
    fleet.stand_still(since=10, until=20)
    assert fleet.pass_time(70) == ["70 raise device_silent d:button not_heard"]


@pytest.mark.parametrize(
    ("percents", "told"),
    [
        ([16], []),
        ([15], ["0 raise battery_low d:button battery_low"]),
        ([15, 14, 16, 24], ["0 raise battery_low d:button battery_low"]),
        ([15, 25], ["0 raise battery_low d:button battery_low", "1 withdraw d:button battery_well"]),
        ([24], []),
        ([2.1], ["0 raise battery_low d:button battery_low"]),
        (
            [2, 5],
            ["0 raise battery_low d:button battery_low", "0 raise battery_low d:button battery_empty"],
        ),
        (
            [10, 2, 1],
            ["0 raise battery_low d:button battery_low", "1 raise battery_low d:button battery_empty"],
        ),
        (
            [2, 90],
            [
                "0 raise battery_low d:button battery_low",
                "0 raise battery_low d:button battery_empty",
                "1 withdraw d:button battery_well",
                "1 withdraw d:button battery_well",
            ],
        ),
    ],
)
def test_a_battery_is_low_until_it_is_well(fleet: Fleet, percents: list[float], told: list[str]) -> None:
    for time, percent in enumerate(percents):
        made = fleet.say(time, "button", "battery", percent=percent)
        assert made == [word for word in told if word.startswith(f"{time} ")]


def test_a_plug_that_is_pulled_for_a_moment_is_no_trouble(fleet: Fleet) -> None:
    fleet.say(0, "button", "mains_lost")
    fleet.say(4, "button", "mains_restored")
    assert fleet.pass_time(50) == []


def test_lost_mains_are_told_after_a_while(fleet: Fleet) -> None:
    fleet.say(0, "button", "mains_lost")
    fleet.say(3, "button", "mains_lost")
    assert fleet.pass_time(5) == ["5 raise mains_lost d:button mains_lost"]
    assert fleet.say(30, "button", "mains_restored") == ["30 withdraw d:button mains_restored"]
    assert fleet.decisions[1].detail["minutes"] == 30


def test_tampering(fleet: Fleet) -> None:
    assert fleet.say(1, "button", "tampered") == ["1 raise tampered d:button tampered"]
    assert fleet.say(2, "button", "tampered") == []
    assert fleet.say(3, "button", "tamper_cleared") == ["3 withdraw d:button tamper_cleared"]


def test_a_fault_is_over_when_all_faults_are(fleet: Fleet) -> None:
    assert fleet.say(1, "button", "fault", code="E1") == ["1 raise device_fault d:button fault_reported"]
    assert fleet.decisions[0].detail["codes"] == ["E1"]
    assert fleet.say(2, "button", "fault", code="E2") == []
    assert fleet.say(3, "button", "fault_cleared", code="E1") == []
    assert fleet.say(4, "button", "fault_cleared", code="E2") == ["4 withdraw d:button fault_cleared"]


def test_a_device_that_works_again_has_no_faults_left(fleet: Fleet) -> None:
    fleet.say(1, "button", "fault", code="E1")
    fleet.say(2, "button", "fault")
    assert fleet.say(3, "button", "fault_cleared") == ["3 withdraw d:button fault_cleared"]


def test_two_faults_in_one_batch_are_two_episodes(fleet: Fleet) -> None:
    for _ in range(2):
        fleet.say(1, "button", "fault")
        fleet.say(1, "button", "fault_cleared")
    assert len({decision.id for decision in fleet.decisions}) == 4


def beat(fleet: Fleet, *behind: float, since: int = 0) -> list[str]:
    """A heartbeat every three hours from a clock so many minutes behind."""
    beats = enumerate(behind, since)
    return [word for number, ago in beats for word in fleet.say(number * 180, "button", "heartbeat", ago=ago)]


@pytest.mark.parametrize("behind", [5, -5])
def test_a_clock_that_is_wrong_is_told_once_there_is_enough_to_tell(behind: float) -> None:
    fleet = Fleet()
    fleet.device("button", limit=None)
    assert beat(fleet, behind, behind) == []
    assert beat(fleet, behind, behind, since=2) == ["360 raise clock_wrong d:button clock_wrong"]
    assert fleet.decisions[0].detail["behind_seconds"] == behind * 60
    assert beat(fleet, *[behind / 2] * 6, since=4) == []
    assert beat(fleet, 0, since=10) == ["1800 withdraw d:button clock_right"]


def test_a_clock_that_is_wrong_by_less_is_no_trouble() -> None:
    fleet = Fleet()
    fleet.device("button", limit=None)
    assert beat(fleet, 4, 4, 4, 4) == []


def test_a_clock_that_nears_the_truth_is_right_at_two_minutes() -> None:
    fleet = Fleet()
    fleet.device("button", limit=None)
    beat(fleet, 10, 10, 10)
    assert beat(fleet, 2, since=3) == []
    assert beat(fleet, 1.9, since=4) == ["720 withdraw d:button clock_right"]


def test_what_comes_in_time_after_what_was_kept_back_shows_that_the_clock_is_right() -> None:
    """Whatever it is: every four hours a device sends what it had kept, and the oldest comes first."""
    fleet = Fleet()
    fleet.device("button", limit=None)
    for time in range(0, 1440, 240):
        fleet.say(time, "button", "battery", percent=50, ago=240)
        fleet.say(time, "button", "motion", ago=120)
        fleet.say(time, "button", "motion")
    assert fleet.state("button").known.clock.samples == (0,) * 5
    assert fleet.decisions == []


def test_what_is_sent_late_now_and_then_is_no_wrong_clock() -> None:
    fleet = Fleet()
    fleet.device("button", limit=None)
    assert beat(fleet, 0, 300, 0, 0, 600, 0) == []
    for ago in range(200, 100, -1):
        fleet.say(1080, "button", "heartbeat", ago=ago)
    assert fleet.decisions == []


def test_a_device_whose_messages_take_our_time_has_no_clock() -> None:
    fleet = Fleet()
    fleet.device("button", limit=None, origin=Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "0x1"))
    assert beat(fleet, 30, 30, 30) == []
    assert fleet.state("button").known.clock.behind is None


@pytest.mark.parametrize(
    ("technology", "kind", "proven"),
    [
        (Technology.SOCIAL_ALARM, "alarm_pressed", True),
        (Technology.SOCIAL_ALARM, "test_alarm", True),
        (Technology.SOCIAL_ALARM, "heartbeat", False),
        (Technology.SOCIAL_ALARM, "battery", False),
        (Technology.SOCIAL_ALARM, "motion", False),
        (Technology.PASSIVE_ALARM, "motion", True),
        (Technology.PASSIVE_ALARM, "test_alarm", True),
        (Technology.OTHER, "heartbeat", True),
        (Technology.OTHER, "offline", False),
    ],
)
def test_an_installed_device_is_proven_by_what_it_is_for(technology: Technology, kind: str, proven: bool) -> None:
    fleet = Fleet()
    fleet.device("new", technology=technology, life_cycle=LifeCycle.INSTALLED)
    fields = {"percent": 90} if kind == "battery" else {}
    for time in (1, 2):
        fleet.say(time, "new", kind, **fields)
    proofs = [(decision.at, decision.how) for decision in fleet.decisions if isinstance(decision, Proven)]
    assert proofs == ([(minute(1), kind)] if proven else [])
    expected = LifeCycle.IN_USE if proven else LifeCycle.INSTALLED
    assert fleet.state("new").known.life_cycle is expected


def test_a_hub_is_proven_by_what_comes_through_it() -> None:
    fleet = Fleet()
    fleet.device("hub", life_cycle=LifeCycle.INSTALLED, technology=Technology.PASSIVE_ALARM)
    fleet.device("sensor", hub="hub")
    assert fleet.say(1, "sensor", "motion") == ["1 proven motion d:hub proven"]


def test_a_trial_is_proven_once() -> None:
    fleet = Fleet()
    fleet.device("button", testing_until=60)
    assert fleet.say(1, "button", "test_alarm") == ["1 proven test_alarm d:button proven"]
    assert fleet.say(2, "button", "test_alarm") == []
    assert fleet.state("button").known.tested_at == minute(2)


def test_a_trial_that_is_over_proves_nothing() -> None:
    fleet = Fleet()
    fleet.device("button", testing_until=60)
    fleet.say(30, "button", "heartbeat")
    assert fleet.say(60, "button", "test_alarm") == []


def test_an_entry_that_comes_again_changes_nothing(fleet: Fleet) -> None:
    fleet.say(1, "button", "tampered")
    fleet.say(2, "button", "motion")
    state = fleet.state("button")
    assert [fleet.partition.apply(entry) for entry in fleet.log] == [[], [], []]
    assert fleet.state("button") == state
