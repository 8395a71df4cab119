package dev.uring

import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.ring.withSystemCallRefused
import dev.uring.testing.RingOnly
import dev.uring.testing.ringTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith

class DoctorTest :
    FunSpec({
        test("names what a reader looks for, whatever the machine can do") {
            Doctor.examine().rows().map { it.name() } shouldContainAll
                listOf(
                    "kernel",
                    "kernel.io_uring_disabled",
                    "seccomp",
                    "open descriptors",
                    "locked memory",
                    "CPUs allowed",
                    "page size",
                    "transparent huge pages",
                    "NOP on a real ring",
                    "buffer ring",
                    "MSG_RING",
                )
        }

        test("every row that needs attention says what to do") {
            val attention = setOf(DoctorReport.Status.WARN, DoctorReport.Status.BLOCKED)
            Doctor.examine().rows().filter { it.status() in attention && it.remedy().isEmpty() } shouldBe emptyList()
        }

        ringTest(RingOnly.BLOCKADE, "a healthy machine has no blocked row and a plain verdict") {
            val report = Doctor.examine()
            report.usable() shouldBe true
            report.rows().filter { it.status() == DoctorReport.Status.BLOCKED } shouldBe emptyList()
            report.toText() shouldEndWith "\nio_uring works here: a ring was set up and ran a NOP.\n"
        }

        ringTest(RingOnly.BLOCKADE, "a machine whose filter forbids io_uring says so, with the remedy") {
            val report = withSystemCallRefused(IoUring.SYS_IO_URING_SETUP, Errno.EPERM) { Doctor.examine() }
            val remedy =
                "the container's seccomp profile must allow io_uring_setup, io_uring_enter and io_uring_register"
            report.usable() shouldBe false
            report.rows() shouldContain
                DoctorReport.Row("system", "seccomp", "2 (filter)", DoctorReport.Status.BLOCKED, remedy)
            report.rows() shouldContain
                DoctorReport.Row(
                    "ring",
                    "NOP on a real ring",
                    "a seccomp filter blocks io_uring",
                    DoctorReport.Status.BLOCKED,
                    remedy,
                )
            report.rows().filter { it.status() == DoctorReport.Status.BLOCKED }.map { it.name() } shouldBe
                listOf("seccomp", "NOP on a real ring")
            report.toText() shouldEndWith "\nio_uring is blocked: a seccomp filter blocks io_uring.\n" +
                "  Check: $remedy.\n"
        }

        test("text aligns names and puts a remedy under its row") {
            val report =
                DoctorReport(
                    false,
                    "verdict",
                    listOf(
                        DoctorReport.Row("system", "kernel", "6.1.0", DoctorReport.Status.OK, ""),
                        DoctorReport.Row("system", "seccomp", "2", DoctorReport.Status.BLOCKED, "allow it"),
                        DoctorReport.Row("limits", "files", "soft 10", DoctorReport.Status.WARN, "raise it"),
                    ),
                )
            report.toText() shouldBe
                """
                system
                  ok      kernel   6.1.0
                  blocked seccomp  2
                          -> allow it

                limits
                  warn    files    soft 10
                          -> raise it

                verdict

                """.trimIndent()
        }

        test("JSON escapes what text may contain") {
            val row = DoctorReport.Row("g\"", "back\\slash", "two\nlines\t\u0001", DoctorReport.Status.INFO, "ü")
            DoctorReport(true, "fine", listOf(row)).toJson() shouldBe
                """{"usable":true,"verdict":"fine","rows":[{"group":"g\"","name":"back\\slash",""" +
                """"value":"two\nlines\t\u0001","status":"INFO","remedy":"ü"}]}"""
        }

        test("JSON has one object per row") {
            val report = Doctor.examine()
            Regex("\"group\":").findAll(report.toJson()).count() shouldBe report.rows().size
            report.toJson() shouldContain "\"usable\":${report.usable()},"
        }
    })
