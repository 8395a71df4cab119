package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class CommandWriterTest :
    FunSpec({
        test("a command is a multibulk request of its words and arguments") {
            wire(Command.of("SET")) { key("k").arg("v").arg("PX").arg(1500) } shouldBe
                multibulk("SET", "k", "v", "PX", "1500")
            wire(Command.of("CLIENT SETINFO")) { arg("LIB-NAME").arg("uring") } shouldBe
                multibulk("CLIENT", "SETINFO", "LIB-NAME", "uring")
        }

        test("arguments of every kind are the bytes that they stand for") {
            wire(GET) { arg("") } shouldBe multibulk("GET", "")
            wire(GET) { arg(byteArrayOf(0, 13, 10, -1)) } shouldBe multibulk("GET", "\u0000\r\n\u00FF")
            wire(GET) { arg("abcde".toByteArray(), 1, 3) } shouldBe multibulk("GET", "bcd")
            wire(GET) { arg(ByteWindow.copyOf("view".toByteArray())) } shouldBe multibulk("GET", "view")
            for (number in listOf(0L, -1L, 10L, 99L, 100L, Long.MAX_VALUE, Long.MIN_VALUE)) {
                wire(GET) { arg(number) } shouldBe multibulk("GET", "$number")
            }
        }

        test("text is written as UTF-8, as the JDK writes it") {
            for (text in listOf("é", "€uro", "😀", "a\uD800b", "\uDC00", "mixed ä € 😀 end", "x".repeat(5000) + "ü")) {
                wire(GET) { arg(text) } shouldBe multibulk("GET", String(text.toByteArray(), Charsets.ISO_8859_1))
            }
        }

        test("doubles are written so that reading them gives the same number") {
            for (number in listOf(0.1, -0.0, 1e300, 5e-324, 3.0, -7.25, 1.0 / 3, 9007199254740993.0)) {
                val text = wire(GET) { arg(number) }.lines()[4]
                text.toDouble() shouldBe number
            }
            wire(GET) { arg(3.0) } shouldBe multibulk("GET", "3")
            wire(GET) { arg(Double.NEGATIVE_INFINITY) } shouldBe multibulk("GET", "-inf")
            shouldThrow<IllegalArgumentException> { CommandWriter().begin(GET).arg(Double.NaN) }.message shouldBe
                "NaN is no argument: Redis refuses it as 'not a float'"
        }

        test("keys are remembered as they are on the wire") {
            val writer = CommandWriter().begin(Command.of("MSET"))
            writer
                .key("a")
                .arg("1")
                .key("ä".toByteArray())
                .arg("2")
                .key(ValueCodec.UTF8, "third")
                .arg("3")
            writer.keysCount() shouldBe 3
            List(3) { String(writer.keyAt(it)) } shouldBe listOf("a", "ä", "third")
        }

        test("a codec that writes other than one argument is refused") {
            val codec =
                object : ValueCodec<String> {
                    override fun write(
                        value: String,
                        writer: CommandWriter,
                    ) {
                        writer.arg(value).arg(value)
                    }

                    override fun read(bytes: dev.uring.bytes.ByteView) = ""

                    override fun toString() = "Twice"
                }
            shouldThrow<IllegalStateException> { CommandWriter().begin(GET).value(codec, "x") }.message shouldBe
                "Twice wrote 2 arguments for one value of GET: ValueCodec.write must call arg exactly once"
        }

        test("a name that is no command is refused") {
            shouldThrow<IllegalArgumentException> { Command.of("GET  x") }
            shouldThrow<IllegalArgumentException> { Command.of("SCHLÜSSEL") }
        }

        test("a writer that is used again remembers nothing of the command before") {
            val writer = CommandWriter()
            writer
                .begin(Command.of("BLPOP", Command.BLOCKING))
                .key("k".repeat(200_000))
                .blocks(5)
                .finish()
            writer.begin(GET).blockMillis() shouldBe CommandWriter.NOT_BLOCKING
            writer.keysCount() shouldBe 0
            writer.text() shouldBe multibulk("GET")
        }

        test("commands that go together stand behind each other, and one that was not finished is not among them") {
            val writer = CommandWriter()
            writer.begin(GET).arg("a").finish()
            writer.beginBehind(GET).arg("never finished")
            writer.beginBehind(Command.of("MSET")).apply { repeat(12) { arg(it.toLong()) } }.finish()
            val other = CommandWriter().begin(GET).key("other")
            writer.beginBehind(GET).key("last")
            writer.insert(other)
            writer.keyAt(0).decodeToString() shouldBe "last"
            val digits = Array(12) { "$it" }
            writer.text() shouldBe multibulk("GET", "a") + multibulk("MSET", *digits) + multibulk("GET", "other") +
                multibulk("GET", "last")
            writer.beginBehind(GET).drop()
            writer.insert(other)
            writer.text().takeLast(multibulk("GET", "other").length) shouldBe multibulk("GET", "other")
        }

        test("keys are where they are, however many arguments stand behind them") {
            val writer = CommandWriter().begin(GET).key("k")
            repeat(200) { writer.arg("x") }
            writer.finish()
            writer.keyAt(0).decodeToString() shouldBe "k"
            writer.text() shouldBe multibulk("GET", "k", *Array(200) { "x" })
        }

        test("encoding a command and reading its reply allocate nothing") {
            val writer = CommandWriter()
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            val value = ByteArray(100)
            val decoder = RespReplyDecoder()
            val replies = ByteWindow.copyOf(latin1("$5\r\nhello\r\n:42\r\n,1.5\r\n*2\r\n:1\r\n$-1\r\n"))
            leastAllocatedBytesOfEach {
                sink.reset()
                writer
                    .begin(GET)
                    .key("key:000000000001")
                    .arg(123_456_789L)
                    .arg(value)
                    .arg(0.5 + sink.size())
                writer.finish()
                writer.writeTo(sink)
                var at = 0
                repeat(4) {
                    decoder.decode(replies, at)
                    at += decoder.consumedBytes()
                }
                decoder.reader().readArrayHeader()
            } shouldBe 0
        }
    })

private val GET = Command.of("GET")

private fun wire(
    command: Command,
    write: CommandWriter.() -> Unit,
): String = CommandWriter().begin(command).apply(write).text()

private fun CommandWriter.text(): String {
    val size = finish()
    val sink = FixedSink(Arena.ofAuto().allocate(size.toLong()))
    writeTo(sink)
    return sink.view().toLatin1(0, sink.size())
}
