package dev.uring.momento.session

import dev.uring.bytes.ByteWindow
import dev.uring.client.session.Pending
import dev.uring.momento.codec.ControlCode
import dev.uring.momento.codec.MomentoLimits
import dev.uring.momento.codec.MomentoReply
import dev.uring.momento.codec.MomentoReplyWriter
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.codec.describe
import dev.uring.momento.codec.written
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

private class Waiting(
    private val kind: ReplyKind = ReplyKind.GET,
    private val heard: MutableList<String>,
) : Pending<MomentoReply>(),
    Numbered {
    private var id = 0L

    override fun messageId(id: Long) {
        this.id = id
    }

    override fun messageId() = id

    override fun expects() = kind

    override fun replied(
        reply: MomentoReply,
        isLast: Boolean,
    ) {
        heard += reply.describe()
    }
}

private class Scene : AutoCloseable {
    val heard = mutableListOf<String>()
    var late = 0
    val session = MomentoSession(MomentoLimits.defaults(), 4) { late++ }

    fun send(kind: ReplyKind = ReplyKind.GET) = Waiting(kind, heard).also(session::sent)

    fun receive(bytes: ByteArray) = session.received(ByteWindow.copyOf(bytes))

    override fun close() = session.close()
}

private fun hit(
    id: Long,
    value: String,
) = written { MomentoReplyWriter.writeHit(it, id, value.toByteArray()) }

class MomentoSessionTest :
    FunSpec({
        test("numbers begin at 1, and replies find their commands in any order") {
            Scene().use { scene ->
                List(3) { scene.send().messageId() } shouldContainExactly listOf(1L, 2L, 3L)
                scene.receive(hit(3, "c") + hit(1, "a") + hit(2, "b"))
                scene.heard shouldContainExactly
                    listOf("#3 NORMAL GET <c>", "#1 NORMAL GET <a>", "#2 NORMAL GET <b>")
                scene.session.pendingCount() shouldBe 0
                scene.session.repliesTotal() shouldBe 3
            }
        }

        test("the reply to a forgotten command is dropped and counted, and nobody else hears it") {
            Scene().use { scene ->
                val given = scene.send()
                scene.send()
                scene.session.forget(given) shouldBe true
                scene.session.forget(given) shouldBe false
                scene.session.pendingCount() shouldBe 1
                scene.receive(hit(1, "late") + hit(2, "b"))
                scene.heard shouldContainExactly listOf("#2 NORMAL GET <b>")
                scene.late shouldBe 1
                scene.session.errorText().shouldBeNull()
            }
        }

        test("an abandoned command that is not forgotten keeps its place until its reply") {
            Scene().use { scene ->
                scene.send().abandon()
                scene.session.repliesExpected() shouldBe 1
                scene.receive(hit(1, "late"))
                scene.heard shouldBe emptyList()
                scene.session.repliesExpected() shouldBe 0
            }
        }

        test("a second reply to the same command is dropped") {
            Scene().use { scene ->
                scene.send()
                scene.receive(hit(1, "a") + hit(1, "again"))
                scene.heard shouldContainExactly listOf("#1 NORMAL GET <a>")
                scene.late shouldBe 1
            }
        }

        test("a number that was never given out ends the session with what was wrong") {
            for (id in listOf(0L, 2L, -1L)) {
                Scene().use { scene ->
                    scene.send()
                    scene.receive(hit(id, "x"))
                    scene.session.errorText() shouldBe
                        "momento: a reply came for command ${java.lang.Long.toUnsignedString(id)}, " +
                        "and the last one sent was 1"
                    scene.session.pendingCount() shouldBe 1
                }
            }
        }

        test("a reply of another kind than the command ends the session, an error or control code does not") {
            Scene().use { scene ->
                scene.send()
                scene.send(ReplyKind.SET)
                scene.receive(written { MomentoReplyWriter.writeControl(it, 1, ControlCode.END) })
                scene.heard shouldContainExactly listOf("#1 END NONE")
                scene.receive(hit(2, "x"))
                scene.session.errorText()!! shouldContain "command 2 was answered with GET, not SET"
            }
        }

        test("no more are taken than the bound, and the end gives back the rest, oldest first") {
            Scene().use { scene ->
                val sent = List(4) { scene.send() }
                scene.session.hasRoom(1) shouldBe false
                shouldThrow<IllegalStateException> { scene.send() }.message!! shouldContain "repliesMax=4"
                scene.receive(hit(2, "b"))
                scene.session.end() shouldContainExactly listOf(sent[0], sent[2], sent[3])
            }
        }

        test("a stopped session calls nobody any more") {
            Scene().use { scene ->
                scene.send()
                scene.session.stop()
                scene.receive(hit(1, "a")) shouldBe 0
                scene.heard shouldBe emptyList()
            }
        }
    })
