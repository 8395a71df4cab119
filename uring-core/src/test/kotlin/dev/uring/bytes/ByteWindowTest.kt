package dev.uring.bytes

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment

class ByteWindowTest :
    FunSpec({
        test("one window serves many loans in turn") {
            val memory = Arena.ofAuto().allocate(4)
            memory.setString(0, "abc")
            val window = ByteWindow("lender")
            window.lend(memory, 0, 2)
            window.toUtf8() shouldBe "ab"
            window.end()
            window.lend(memory, 1, 2)
            window.toUtf8() shouldBe "bc"
        }

        context("after its loan a view is empty, and every use of it throws and names the lender") {
            val uses =
                mapOf<String, (ByteView) -> Any?>(
                    "get" to { it.get(0) },
                    "getInt" to { it.getInt(0) },
                    "indexOf" to { it.indexOf(0, 0) },
                    "toByteArray" to { it.toByteArray() },
                    "toUtf8" to { it.toUtf8() },
                    "toLatin1" to { it.toLatin1(0, 0) },
                    "contentEquals" to { it.contentEquals(0, 0, ByteArray(0)) },
                    "contentHash" to { it.contentHash(0, 0) },
                    "copyTo" to { it.copyTo(0, ByteArray(0), 0, 0) },
                    "putView" to { FixedSink(MemorySegment.NULL).putView(it) },
                    "lend a part" to { ByteWindow("other").lend(it, 0, 0) },
                )
            for ((name, use) in uses) {
                test(name) {
                    val window = ByteWindow.copyOf("abc".toByteArray())
                    window.end()
                    window.size() shouldBe 0
                    window.isEmpty shouldBe true
                    val failure = shouldThrow<IllegalStateException> { use(window) }
                    failure.message shouldBe USED_AFTER_LOAN
                }
            }
        }

        test("an empty loan is not an ended one") {
            val window = ByteWindow.copyOf(ByteArray(0))
            window.toByteArray() shouldBe ByteArray(0)
            window.toUtf8() shouldBe ""
            window.indexOf(0, 0) shouldBe -1
        }

        test("a window that was never lent counts as ended") {
            shouldThrow<IllegalStateException> { ByteWindow("nobody").get(0) }
        }

        test("a part of a view sees the same bytes") {
            val part = ByteWindow("part").apply { lend(ByteWindow.copyOf("abcdef".toByteArray()), 2, 3) }
            part.toUtf8() shouldBe "cde"
            shouldThrow<IndexOutOfBoundsException> { part.get(3) }
            shouldThrow<IndexOutOfBoundsException> { part.get(-1) }
        }

        test("memory that is not there cannot be lent") {
            val memory = Arena.ofAuto().allocate(8)
            for ((offset, size) in listOf(0L to 9, 8L to 1, -1L to 1, 0L to -1, Long.MAX_VALUE to 1)) {
                shouldThrow<IndexOutOfBoundsException> { ByteWindow("test").lend(memory, offset, size) }
            }
            ByteWindow("test").lend(memory, 8, 0)
        }

        test("a copy does not follow its source") {
            val source = "abc".toByteArray()
            val window = ByteWindow.copyOf(source)
            source[0] = 'x'.code.toByte()
            window.toUtf8() shouldBe "abc"
        }

        test("its text names size and lender, and no content") {
            val view = ByteWindow.copyOf("password".toByteArray())
            view.toString() shouldBe "ByteView(size=8, lent by ByteWindow.copyOf)"
        }
    })

private const val USED_AFTER_LOAN =
    "view used after its loan ended (lent by ByteWindow.copyOf): copy the bytes (toByteArray, toUtf8) inside the " +
        "block that receives them"
