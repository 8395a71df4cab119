package dev.uring.ring

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll

class UserDataTest :
    FunSpec({
        test("slot and generation come back whole, also when their highest bits are set") {
            checkAll(Arb.int(), Arb.int()) { slot, generation ->
                val packed = UserData.of(slot, generation)
                (UserData.slot(packed) to UserData.generation(packed)) shouldBe (slot to generation)
            }
        }

        test("the slot is the low half") {
            UserData.of(-1, 1) shouldBe 0x1_FFFF_FFFFL
        }
    })
