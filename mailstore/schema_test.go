package mailstore

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// landed are the migrations that data directories out there have run. They are never changed: what is to be otherwise
// comes with a new one, and its sum with it.
var landed = map[string]string{
	"schema/0001_mail.sql":            "c5e46e2b6636b34276cdd1a06f48a057e7d56e236022b43fd8c4713730138ce7",
	"schema/0002_imap.sql":            "2208171b1a14b73e56ce10b08fbcbcd5f9326d58a29c7deef5013bdb99c50d4d",
	"schema/0003_search.sql":          "47fc109eba988b5c6a4ce1c1fb0b701b225be1a3cbc81b4c08bd75e7a91c14bf",
	"schema/0004_outbox.sql":          "5619fbe900d9135c04115ad766b2a371d2d57535978ed7b88a4ebc0966b26281",
	"schema/0005_auth.sql":            "917becb867978bbed28438d0a2db37ae9ed7f889fa65920fc405d71c6602232a",
	"schema/0006_junk.sql":            "315e761291848db00476f7ab601ae3686f4d751b03c99a909292df2293a01510",
	"schema/0007_rejections.sql":      "46cd9acb09715a207c7152e7272107000afc0988e6ed93df89995ede86758cd7",
	"schema/0008_senders.sql":         "be39e931905abe88a52eaf236a2c25db90676a09a4489176761f5ab5784c2a02",
	"schema/0009_reports.sql":         "6717496a7994f2f21c8951919d639fc7e14b599b258d895e7790003733a6db64",
	"schema/0010_drafts.sql":          "f41ed9f5685687333c4447629a468ce7331ad5263ec4a5cbb56178b406c1079b",
	"schema/0011_words.sql":           "9b0a47e2f2f1772bac91a58531e1b1700361fe021adb61eb409f34a366822b9f",
	"schema/0012_reports_by_time.sql": "90d182848493103ab104add5ea66f7bac212e67aa7d9ca36e8d233f627605b82",
	"schema/0013_listing.sql":         "480f7ec051fc7023d7c81c48018ced1c49d15a1a0ae7abfe4fa9cc2f50fd1fae",
	"schema/0014_tallies.sql":         "54a0676f4833a64ae43ec86fa87aafe7ebe4e6aeaf7a0a9ab9ad3a46cd4c72ec",
	"schema/0015_followers.sql":       "f07cfcec619f337a4969794c5a18e4f8e4c608b72120c0cdb2a0a967b1ba22ac",
	"schema/0016_places.sql":          "94e906b93ad7de97c9705f60d2363a3875da4761979f6b7c23dd349018a9d0bf",
	"schema/0017_word_places.sql":     "0239845518b34b2a6c70f29b7617cc4111c6d5190228e12d89d50694276bc93f",
	"schema/0018_no_places.sql":       "6195f3c03d16decd26d0da0a399a810b9d91b5b97d34f847178defce4e0392ab",
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
