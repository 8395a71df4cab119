package dev.uring.redis.routing

import dev.uring.bytes.ByteWindow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll

class HashSlotTest :
    FunSpec({
        fun slot(key: String) = HashSlot.of(key.toByteArray())

        test("the vectors of the cluster specification come out") {
            slot("123456789") shouldBe 0x31C3
            slot("foo") shouldBe 12182
            slot("") shouldBe 0
        }

        test("of a key with a tag only the tag counts") {
            slot("{user1000}.following") shouldBe slot("user1000")
            slot("{user1000}.followers") shouldBe slot("user1000")
            slot("foo{bar}{zap}") shouldBe slot("bar")
            slot("foo{{bar}}zap") shouldBe slot("{bar")
        }

        test("a key whose first braces are empty, or do not close, counts whole") {
            slot("foo{}{bar}") shouldNotBe slot("bar")
            slot("foo{}{bar}") shouldBe 8363
            slot("foo{bar") shouldNotBe slot("bar")
            slot("foo}bar{") shouldNotBe slot("bar")
        }

        test("keys in an array and inside a view have the same slot") {
            checkAll(500, Arb.byteArray(Arb.int(0..40), Arb.byte())) { key ->
                val slot = HashSlot.of(key)
                slot shouldBeInRange 0..<HashSlot.COUNT
                val around = byteArrayOf('{'.code.toByte()) + key + byteArrayOf('}'.code.toByte())
                HashSlot.of(ByteWindow.copyOf(around), 1, key.size) shouldBe slot
            }
        }
    })
