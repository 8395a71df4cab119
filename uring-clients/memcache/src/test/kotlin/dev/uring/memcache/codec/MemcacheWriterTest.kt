package dev.uring.memcache.codec

import dev.uring.bytes.FixedSink
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class MemcacheWriterTest :
    FunSpec({
        val writer = MemcacheWriter()

        fun written(write: MemcacheWriter.() -> Unit): String {
            writer.clear().write()
            return Arena.ofConfined().use { arena ->
                val sink = FixedSink(arena.allocate(writer.size() + 1L))
                writer.writeTo(sink)
                sink.size() shouldBe writer.size()
                if (sink.size() == 0) "" else sink.view().toLatin1(0, sink.size())
            }
        }

        test("commands are written as the protocol says") {
            written { command(CommandWord.GET).key("a").key("b").end() } shouldBe "get a b\r\n"
            written {
                value("bär")
                    .command(CommandWord.SET)
                    .key("k")
                    .number(5)
                    .number(-1)
                    .valueSize()
                    .end()
            } shouldBe String(latin1("set k 5 -1 4\r\nb\u00c3\u00a4r\r\n"), Charsets.ISO_8859_1)
            written {
                value("x".toByteArray())
                command(CommandWord.CAS)
                    .key("k".toByteArray())
                    .number(0)
                    .number(0)
                    .valueSize()
                    .unsigned(-1)
                    .end()
            } shouldBe "cas k 0 0 1 18446744073709551615\r\nx\r\n"
            written {
                command(CommandWord.MG).keyBase64("a b".toByteArray())
                flag('b')
                    .flag('N', 30)
                    .flag('O', "op7")
                    .flag('v')
                    .flagUnsigned('C', -2)
                    .end()
                command(CommandWord.MN).end()
            } shouldBe "mg YSBi b N30 Oop7 v C18446744073709551614\r\nmn\r\n"
            written {
                value(Long.MIN_VALUE)
                    .command(CommandWord.MS)
                    .key("n")
                    .valueSize()
                    .end()
            } shouldBe
                "ms n 20\r\n-9223372036854775808\r\n"
        }

        test("one get of one key and nothing else can share its line, and others put their key behind it") {
            fun canShare(write: MemcacheWriter.() -> Unit) = writer.clear().apply(write).isGetOfOne
            repeat(2) { canShare { command(CommandWord.GET).key("a").end() } shouldBe true }
            writer.copy().isGetOfOne shouldBe true
            canShare { command(CommandWord.GETS).key("a".toByteArray()).end() } shouldBe true
            canShare { command(CommandWord.GET).key("a").key("b").end() } shouldBe false
            canShare { command(CommandWord.GET).key("a").word("b").end() } shouldBe false
            canShare { command(CommandWord.GET).key("a") } shouldBe false
            canShare { command(CommandWord.GET).key("a").end().fence() } shouldBe false
            canShare { command(CommandWord.DELETE).key("a").end() } shouldBe false
            writer
                .clear()
                .command(CommandWord.GET)
                .key("key")
                .end()
            Arena.ofConfined().use { arena ->
                val sink = FixedSink(arena.allocate(20))
                writer.writeOpenTo(sink)
                writer.writeLastKeyTo(sink)
                sink.view().toLatin1(0, sink.size()) shouldBe "get key key"
                writer.lastKeyBytes() shouldBe 3
            }
        }

        test("one large array goes out as it is, and what follows it keeps its place") {
            val large = ByteArray(MemcacheWriter.REFERENCE_BYTES_MIN) { 'x'.code.toByte() }
            val other = ByteArray(5000) { 'y'.code.toByte() }
            written {
                for (value in listOf(byteArrayOf(49), large, other)) {
                    value(value)
                        .command(CommandWord.MS)
                        .key("k")
                        .valueSize()
                        .flag('q')
                        .end()
                }
                command(CommandWord.MN).end()
            } shouldBe
                "ms k 1 q\r\n1\r\nms k ${large.size} q\r\n${"x".repeat(large.size)}\r\n" +
                "ms k 5000 q\r\n${"y".repeat(5000)}\r\nmn\r\n"
            writer.commandsCount() shouldBe 4
        }

        test("a key that would break the protocol is refused, with the byte, its place and the remedy") {
            fun refusal(key: String) =
                shouldThrow<IllegalArgumentException> { writer.clear().command(CommandWord.GET).key(key) }.message
            refusal("a b") shouldBe
                "memcache: key has byte 0x20 (a space) at index 1: \"a b\"\n  The protocol would end the key there. " +
                "Encode it, or use the meta commands with the key as bytes, which go as base64."
            refusal("a\r\nflush_all")!!.lines().first() shouldBe
                "memcache: key has byte 0x0d (a control character) at index 1: \"a\\x0d\\x0aflush_all\""
            refusal("") shouldBe "memcache: a key must have 1..250 bytes, this one is empty"
            refusal("k".repeat(251)) shouldBe
                "memcache: key of 251 bytes exceeds keyBytesMax=250: \"${"k".repeat(40)}…\"\n" +
                "  memcached takes no longer ones. Store it under a hash of the key."
            refusal("ä".repeat(126))!!.lines().first() shouldBe
                "memcache: key of 252 bytes exceeds keyBytesMax=250: \"${"ä".repeat(40)}…\""
            shouldThrow<IllegalArgumentException> { writer.clear().command(CommandWord.MG).keyBase64(ByteArray(188)) }
            shouldThrow<IllegalArgumentException> { writer.clear().command(CommandWord.GET).key(byteArrayOf(0x7f)) }
            written { command(CommandWord.GET).key("k".repeat(250)).end() }.length shouldBe 256
        }

        test("a word or flag cannot smuggle in another command") {
            shouldThrow<IllegalArgumentException> {
                writer
                    .clear()
                    .command(CommandWord.MG)
                    .key("k")
                    .flag('O', "a b")
            }
            shouldThrow<IllegalArgumentException> { writer.clear().command(CommandWord.STATS).word("a\r\n") }
        }

        test("writing allocates nothing") {
            Arena.ofConfined().use { arena ->
                val sink = FixedSink(arena.allocate(1 shl 16))
                val value = ByteArray(100)
                leastAllocatedBytesOfEach {
                    writer
                        .clear()
                        .value(value)
                        .command(CommandWord.SET)
                        .key("some:key:17")
                    writer
                        .number(3)
                        .number(0)
                        .valueSize()
                        .end()
                    sink.reset()
                    writer.writeTo(sink)
                } shouldBe 0
            }
        }
    })
