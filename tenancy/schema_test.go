package tenancy

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// landed are the migrations that data directories out there have run. They are never changed: what is to be otherwise
// comes with a new one, and its sum with it.
var landed = map[string]string{
	"schema/0001_directory.sql":      "6d5016d0a08d639c78d03a57a9466e9a7b7667496f4c039de72d51b8b883781c",
	"schema/0002_sending.sql":        "952cc2176bba65d79eb5e17c328207b9d3a1b74d93de24a4d909cb39f90e6b89",
	"schema/0003_forged.sql":         "4b692c3a421c3a2b2fb9d2c1b24dd5b6d69c0e051b3aa85c2da65ec5b79d5edf",
	"schema/0004_rejections.sql":     "6df8a2df7a886b6a98f751d4cb759d6f73b49f47dfd0dffc5eb003eac704278f",
	"schema/0005_rejections.sql":     "d02b4d29302255073fd85b245004048c4b671d059ca31a119e38cfed713f9c9b",
	"schema/0006_domains.sql":        "a60ec441913fcd55068fcee06bc3b6b753a8de00c6754974e71793886aeb62fc",
	"schema/0007_sandbox.sql":        "aa5c17043d79adb7dd3abfee7a3b5d1c67608f49637b2233b067e896067be034",
	"schema/0011_clientids.sql":      "153a4af4f4c28b910ae3fac96bae2847533f0a704003e176917d11fc5e46face",
	"schema/0012_webhookdialect.sql": "5b9f9d55773f13df02eacd9b837c72fb39bf1fa71baaf58f12832a2265d3cb71",
	"schema/0008_shared.sql":         "4e1cf051189ad5d7514361b6055374e158e7238ec0be5c9416ea207c75198fdc",
	"schema/0009_paused.sql":         "44d5d42538d67947c1a4a9001c4df7d71ca29cb8a03fe8c3f302671afcf0500c",
	"schema/0010_webhooks.sql":       "c1af6f2d8c3cb9cc4481b9ae70f7d1bc443d11055fb03e1f90944d7cccd95c5c",
}

func TestMigrationsThatLandedAreNeverChanged(t *testing.T) {
	entries, err := schema.ReadDir("schema")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(landed) {
		t.Errorf("%d migrations, %d sums: add the sum of a new one", len(entries), len(landed))
	}
	for name, want := range landed {
		text, err := schema.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != want {
			t.Errorf("%s was changed: its sum is %s", name, got)
		}
	}
}
