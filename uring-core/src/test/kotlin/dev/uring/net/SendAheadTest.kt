package dev.uring.net

import dev.uring.bytes.ByteView
import dev.uring.testing.await
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.onDriver
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.maps.shouldNotBeEmpty
import io.kotest.matchers.shouldBe

private const val CLIENTS = 8
private const val QUESTION = "question"

/** When a driver that does at once what it is asked sends what handlers have written. */
class SendAheadTest :
    FunSpec({
        test("an answer on nio leaves before the next connection is read") {
            onDriver("nio") {
                val connections = mutableListOf<Connection>()
                val unsentBefore = mutableListOf<Long>()
                val echo =
                    object : ConnectionHandler {
                        override fun onOpen(connection: Connection) {
                            connections += connection
                        }

                        override fun onReceive(
                            connection: Connection,
                            bytes: ByteView,
                        ): Int {
                            unsentBefore += connections.sumOf { it.unsentBytes() }
                            connection.write(bytes)
                            return bytes.size()
                        }
                    }
                withServer(echo) { server ->
                    val clients = List(CLIENTS) { server.connect() }
                    await { server.worker.call { connections.size } == CLIENTS }
                    // All of them in one turn.
                    val gate = server.worker.block()
                    clients.forEach { it.send(QUESTION) }
                    gate.countDown()
                    clients.forEach { it.receiveText(QUESTION.length) shouldBe QUESTION }
                    server.worker.call { unsentBefore.toList() } shouldBe List(CLIENTS) { 0L }
                }
            }
        }

        test("what many connections write to one on nio leaves once in a turn") {
            onDriver("nio") {
                val connections = mutableListOf<Connection>()
                // Of each turn: how much of it was sent when each of them was called.
                val sentBefore = mutableMapOf<Long, MutableSet<Long>>()
                val forAll =
                    object : ConnectionHandler {
                        override fun onOpen(connection: Connection) {
                            connections += connection
                        }

                        override fun onReceive(
                            connection: Connection,
                            bytes: ByteView,
                        ): Int {
                            val target = connections.first()
                            val turn = connection.worker().nanoTime()
                            sentBefore.getOrPut(turn) { mutableSetOf() } += target.sentBytesTotal()
                            target.write(bytes)
                            return bytes.size()
                        }
                    }
                withServer(forAll) { server ->
                    val target = server.connect()
                    await { server.worker.call { connections.size } == 1 }
                    val sources = List(CLIENTS) { server.connect() }
                    await { server.worker.call { connections.size } == 1 + CLIENTS }
                    val gate = server.worker.block()
                    sources.forEach { it.send(QUESTION) }
                    gate.countDown()
                    target.receiveText(CLIENTS * QUESTION.length) shouldBe QUESTION.repeat(CLIENTS)
                    val turns = server.worker.call { sentBefore.toMap() }
                    turns.shouldNotBeEmpty()
                    for (sent in turns.values) sent.size shouldBe 1
                }
            }
        }
    })
