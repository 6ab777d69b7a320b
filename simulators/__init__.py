"""Virtual residents, their devices and recordings of real homes, published or imported as any device would."""
