package dev.uring.driver

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.MemorySegment

class ReceiveBuffersTest :
    FunSpec({
        test("a buffer goes back when its completion is over") {
            val buffers = Buffers(4)
            buffers.lend(2)
            buffers.heldCount() shouldBe 1
            buffers.release(2)
            buffers.heldCount() shouldBe 0
            buffers.givenBack shouldBe listOf(2)
        }

        test("a retained buffer goes back at the last release, whoever lets go first") {
            val buffers = Buffers(4)
            buffers.lend(1)
            buffers.tryRetain(1) shouldBe true
            buffers.tryRetain(1) shouldBe true
            buffers.releaseRetained(1)
            buffers.release(1)
            buffers.givenBack shouldBe emptyList()
            buffers.heldCount() shouldBe 1
            buffers.releaseRetained(1)
            buffers.givenBack shouldBe listOf(1)
        }

        test("half of the buffers may be retained and not one more") {
            val buffers = Buffers(4)
            (0..3).forEach { buffers.lend(it) }
            buffers.tryRetain(0) shouldBe true
            buffers.tryRetain(1) shouldBe true
            buffers.tryRetain(2) shouldBe false
            buffers.releaseRetained(0)
            buffers.tryRetain(2) shouldBe true
            (0..3).forEach { buffers.release(it) }
            buffers.heldCount() shouldBe 2
            buffers.givenBack shouldBe listOf(0, 3)
        }

        test("a buffer that is filled while somebody holds it is found out") {
            val buffers = Buffers(4)
            buffers.lend(3)
            shouldThrow<IllegalStateException> { buffers.lend(3) }.message shouldBe
                "buffer 3 filled while held, holders=1"
        }

        test("a second release is found out") {
            val buffers = Buffers(4)
            buffers.lend(0)
            buffers.release(0)
            shouldThrow<IllegalStateException> { buffers.release(0) }.message shouldBe "buffer 0 released twice"
        }
    })

private class Buffers(
    count: Int,
) : ReceiveBuffers(count) {
    val givenBack = ArrayList<Int>()

    override fun memory(): MemorySegment = MemorySegment.NULL

    override fun offset(bufferId: Int): Long = 0

    override fun headroomBytes(): Int = 0

    override fun giveBack(bufferId: Int) {
        givenBack += bufferId
    }

    override fun taken() = Unit
}
