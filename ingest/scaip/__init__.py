"""Social alarms over IP: SCAIP (SS 91100, CLC/TS 50134-9), XML documents in SIP MESSAGE."""
