package dev.uring.abi

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import java.lang.reflect.Modifier
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** Compares every number of this package with what a C compiler makes of the system's own headers. */
class LayoutsAgainstCTest :
    FunSpec({
        test("every size and offset is what the C compiler says").config(enabledOrReasonIf = { compilerFound() }) {
            val ours = constantsOf(Layouts::class.java)
            // A constant without an expression would go unchecked: the two lists must have the same names.
            cExpressions.keys shouldBe ours.keys
            valuesFromC(cExpressions) shouldBe ours
        }

        listOf(
            IoUring::class.java,
            Socket::class.java,
            Posix::class.java,
            Fcntl::class.java,
            Errno::class.java,
            Datagram::class.java,
        ).forEach { holder ->
            test("every constant of ${holder.simpleName} that the headers know has their value")
                .config(enabledOrReasonIf = { compilerFound() }) {
                    val ours = constantsOf(holder)
                    val theirs = valuesFromC(knownNames(ours.keys).associateWith { cNames[it] ?: it })
                    check(theirs.size >= ours.size / 2) { "the headers know only ${theirs.keys} of ${ours.keys}" }
                    theirs shouldBe ours.filterKeys(theirs::containsKey)
                }
        }
    })

private val gcc: Path? =
    System
        .getenv("PATH")
        .split(':')
        .map { Path.of(it, "gcc") }
        .firstOrNull(Files::isExecutable)

private fun compilerFound() = if (gcc != null) Enabled.enabled else Enabled.disabled("no gcc on PATH")

private fun constantsOf(holder: Class<*>): Map<String, Long> =
    holder.fields
        .filter { Modifier.isStatic(it.modifiers) }
        .associate { it.name to (it.get(null) as Number).toLong() }
        .toSortedMap()

private val headers =
    listOf(
        "errno.h",
        "fcntl.h",
        "linux/io_uring.h",
        "linux/nvme_ioctl.h",
        "linux/openat2.h",
        // Not netinet/tcp.h, whose struct tcp_info ends early; the two cannot stand beside each other.
        "linux/tcp.h",
        "netinet/in.h",
        "netinet/udp.h",
        "poll.h",
        "stddef.h",
        "stdio.h",
        "signal.h",
        "sys/eventfd.h",
        "sys/inotify.h",
        "sys/mman.h",
        "sys/resource.h",
        "sys/socket.h",
        "sys/stat.h",
        "sys/syscall.h",
        "sys/uio.h",
        "sys/un.h",
        "sys/utsname.h",
        "unistd.h",
    ).joinToString("\n", prefix = "#define _GNU_SOURCE\n") { "#include <$it>" }

// Where our name differs from the header's, or the header's value is not a number to compare as it stands.
private val cNames =
    mapOf(
        "SYS_IO_URING_SETUP" to "SYS_io_uring_setup",
        "SYS_IO_URING_ENTER" to "SYS_io_uring_enter",
        "SYS_IO_URING_REGISTER" to "SYS_io_uring_register",
        "SC_PAGESIZE" to "_SC_PAGESIZE",
        "IORING_NOTIF_USAGE_ZC_COPIED" to "(int) IORING_NOTIF_USAGE_ZC_COPIED",
        "IORING_FILE_INDEX_ALLOC" to "(int) IORING_FILE_INDEX_ALLOC",
    )

/** The names that the headers of this machine, which may be older than our constants, have; gcc lists the others. */
private fun knownNames(names: Set<String>): Set<String> {
    val uses = names.joinToString("\n") { "(void) (${cNames[it] ?: it});" }
    val complaints = compile("void uses(void) {\n$uses\n}").orEmpty()
    val unknown = Regex("'(\\w+)' undeclared").findAll(complaints).map { it.groupValues[1] }.toSet()
    return names.filterTo(mutableSetOf()) { name -> (cNames[name] ?: name).substringAfterLast(' ') !in unknown }
}

private fun valuesFromC(expressions: Map<String, String>): Map<String, Long> {
    val prints = expressions.entries.joinToString("\n") { (name, c) -> "printf(\"$name %lld\\n\", (long long) ($c));" }
    val directory = Files.createTempDirectory("layouts")
    try {
        val program = directory.resolve("layouts")
        compile("int main(void) {\n$prints\nreturn 0;\n}", program)?.let { error("gcc refused the program:\n$it") }
        return run(program.toString()).lines().filter(String::isNotBlank).associate { line ->
            val (name, value) = line.split(' ')
            name to value.toLong()
        }
    } finally {
        directory.toFile().deleteRecursively()
    }
}

/** Returns null if gcc accepts [code], else what it says. */
private fun compile(
    code: String,
    program: Path? = null,
): String? {
    val output = if (program == null) listOf("-fsyntax-only") else listOf("-o", program.toString())
    val command = listOf(gcc.toString(), "-w", "-fmax-errors=0", "-x", "c") + output + "-"
    val builder = ProcessBuilder(command).redirectErrorStream(true)
    // Plain quotes and English words in what it says.
    builder.environment()["LC_ALL"] = "C"
    val process = builder.start()
    process.outputWriter().use { it.write("$headers\n$code\n") }
    val said = process.inputReader().readText()
    check(process.waitFor(30, TimeUnit.SECONDS)) { "gcc did not end" }
    return if (process.exitValue() == 0) null else said
}

private fun run(program: String): String {
    val process = ProcessBuilder(program).redirectErrorStream(true).start()
    val said = process.inputReader().readText()
    check(process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0) { "program failed: $said" }
    return said
}

private fun fields(
    prefix: String,
    type: String,
    vararg names: Pair<String, String>,
): Map<String, String> =
    names.associate { (ours, field) -> "${prefix}_$ours" to "offsetof($type, $field)" } +
        ("${prefix}_BYTES" to "sizeof($type)")

private val tcpInfo: Map<String, String> =
    listOf(
        "STATE",
        "RETRANSMITS",
        "RTO",
        "SND_MSS",
        "RCV_MSS",
        "UNACKED",
        "LOST",
        "PMTU",
        "RTT",
        "RTTVAR",
        "SND_CWND",
        "TOTAL_RETRANS",
        "BYTES_ACKED",
        "BYTES_RECEIVED",
        "SEGS_OUT",
        "SEGS_IN",
        "NOTSENT_BYTES",
        "MIN_RTT",
        "DELIVERY_RATE",
    ).associate { "TCP_INFO_$it" to "offsetof(struct tcp_info, tcpi_${it.lowercase()})" } +
        ("TCP_INFO_READ_BYTES" to "offsetof(struct tcp_info, tcpi_delivery_rate) + 8")

private val cExpressions: Map<String, String> =
    listOf(
        fields(
            "SQE",
            "struct io_uring_sqe",
            "OPCODE" to "opcode",
            "FLAGS" to "flags",
            "IOPRIO" to "ioprio",
            "FD" to "fd",
            "OFF" to "off",
            "ADDR" to "addr",
            "LEN" to "len",
            "OP_FLAGS" to "msg_flags",
            "USER_DATA" to "user_data",
            "BUF_GROUP" to "buf_group",
            "PERSONALITY" to "personality",
            "FILE_INDEX" to "file_index",
            "ADDR3" to "addr3",
        ),
        mapOf(
            "SQE128_BYTES" to "2 * sizeof(struct io_uring_sqe)",
            "SQE_CMD_OP" to "offsetof(struct io_uring_sqe, cmd_op)",
            "SQE_CMD" to "offsetof(struct io_uring_sqe, cmd)",
            "CQE32_BYTES" to "2 * sizeof(struct io_uring_cqe)",
        ),
        fields(
            "NVME_CMD",
            "struct nvme_uring_cmd",
            "OPCODE" to "opcode",
            "NSID" to "nsid",
            "ADDR" to "addr",
            "DATA_LEN" to "data_len",
            "CDW10" to "cdw10",
            "CDW11" to "cdw11",
            "CDW12" to "cdw12",
            "TIMEOUT_MS" to "timeout_ms",
        ),
        fields("CQE", "struct io_uring_cqe", "USER_DATA" to "user_data", "RES" to "res", "FLAGS" to "flags"),
        fields(
            "PARAMS",
            "struct io_uring_params",
            "SQ_ENTRIES" to "sq_entries",
            "CQ_ENTRIES" to "cq_entries",
            "FLAGS" to "flags",
            "FEATURES" to "features",
            "SQ_HEAD" to "sq_off.head",
            "SQ_TAIL" to "sq_off.tail",
            "SQ_RING_MASK" to "sq_off.ring_mask",
            "SQ_RING_ENTRIES" to "sq_off.ring_entries",
            "SQ_FLAGS" to "sq_off.flags",
            "SQ_DROPPED" to "sq_off.dropped",
            "SQ_ARRAY" to "sq_off.array",
            "CQ_HEAD" to "cq_off.head",
            "CQ_TAIL" to "cq_off.tail",
            "CQ_RING_MASK" to "cq_off.ring_mask",
            "CQ_RING_ENTRIES" to "cq_off.ring_entries",
            "CQ_OVERFLOW" to "cq_off.overflow",
            "CQ_CQES" to "cq_off.cqes",
        ),
        fields(
            "GETEVENTS_ARG",
            "struct io_uring_getevents_arg",
            "SIGMASK" to "sigmask",
            "SIGMASK_SZ" to "sigmask_sz",
            "TS" to "ts",
        ),
        // The header called this field `pad` before it got a meaning: it lies right behind sigmask_sz in both.
        mapOf("GETEVENTS_ARG_MIN_WAIT_USEC" to "offsetof(struct io_uring_getevents_arg, sigmask_sz) + 4"),
        fields("TIMESPEC", "struct __kernel_timespec", "SEC" to "tv_sec", "NSEC" to "tv_nsec"),
        fields("BUF", "struct io_uring_buf", "ADDR" to "addr", "LEN" to "len", "BID" to "bid"),
        mapOf("BUF_RING_TAIL" to "offsetof(struct io_uring_buf_ring, tail)"),
        fields(
            "BUF_REG",
            "struct io_uring_buf_reg",
            "RING_ADDR" to "ring_addr",
            "RING_ENTRIES" to "ring_entries",
            "BGID" to "bgid",
        ),
        // Called `pad` in older headers.
        mapOf("BUF_REG_FLAGS" to "offsetof(struct io_uring_buf_reg, bgid) + 2"),
        fields("RSRC_REGISTER", "struct io_uring_rsrc_register", "NR" to "nr", "FLAGS" to "flags"),
        fields("RSRC_UPDATE", "struct io_uring_rsrc_update", "OFFSET" to "offset", "DATA" to "data"),
        fields("FILE_INDEX_RANGE", "struct io_uring_file_index_range", "OFF" to "off", "LEN" to "len"),
        fields("PROBE", "struct io_uring_probe", "LAST_OP" to "last_op", "OPS_LEN" to "ops_len"),
        fields("PROBE_OP", "struct io_uring_probe_op", "OP" to "op", "FLAGS" to "flags"),
        mapOf(
            "SOCKADDR_FAMILY" to "offsetof(struct sockaddr, sa_family)",
            "SOCKADDR_STORAGE_BYTES" to "sizeof(struct sockaddr_storage)",
        ),
        fields("SOCKADDR_IN", "struct sockaddr_in", "PORT" to "sin_port", "ADDR" to "sin_addr"),
        fields(
            "SOCKADDR_IN6",
            "struct sockaddr_in6",
            "PORT" to "sin6_port",
            "FLOWINFO" to "sin6_flowinfo",
            "ADDR" to "sin6_addr",
            "SCOPE_ID" to "sin6_scope_id",
        ),
        fields("SOCKADDR_UN", "struct sockaddr_un", "PATH" to "sun_path"),
        fields("IOVEC", "struct iovec", "BASE" to "iov_base", "LEN" to "iov_len"),
        fields(
            "MSGHDR",
            "struct msghdr",
            "NAME" to "msg_name",
            "NAMELEN" to "msg_namelen",
            "IOV" to "msg_iov",
            "IOVLEN" to "msg_iovlen",
            "CONTROL" to "msg_control",
            "CONTROLLEN" to "msg_controllen",
            "FLAGS" to "msg_flags",
        ),
        fields(
            "RECVMSG_OUT",
            "struct io_uring_recvmsg_out",
            "NAMELEN" to "namelen",
            "CONTROLLEN" to "controllen",
            "PAYLOADLEN" to "payloadlen",
            "FLAGS" to "flags",
        ),
        fields("INOTIFY_EVENT", "struct inotify_event", "MASK" to "mask", "COOKIE" to "cookie", "LEN" to "len"),
        fields(
            "SIGINFO",
            "siginfo_t",
            "CODE" to "si_code",
            "PID" to "si_pid",
            "STATUS" to "si_status",
        ),
        fields("POLLFD", "struct pollfd", "FD" to "fd", "EVENTS" to "events", "REVENTS" to "revents"),
        fields("CMSGHDR", "struct cmsghdr", "LEN" to "cmsg_len", "LEVEL" to "cmsg_level", "TYPE" to "cmsg_type"),
        fields("GROUP_REQ", "struct group_req", "INTERFACE" to "gr_interface", "GROUP" to "gr_group"),
        fields("IP_MREQN", "struct ip_mreqn", "IFINDEX" to "imr_ifindex"),
        fields("OPEN_HOW", "struct open_how", "FLAGS" to "flags", "MODE" to "mode", "RESOLVE" to "resolve"),
        fields(
            "STATX",
            "struct statx",
            "MASK" to "stx_mask",
            "NLINK" to "stx_nlink",
            "UID" to "stx_uid",
            "GID" to "stx_gid",
            "MODE" to "stx_mode",
            "INO" to "stx_ino",
            "SIZE" to "stx_size",
            "BLOCKS" to "stx_blocks",
            "ATIME_SEC" to "stx_atime.tv_sec",
            "ATIME_NSEC" to "stx_atime.tv_nsec",
            "MTIME_SEC" to "stx_mtime.tv_sec",
            "MTIME_NSEC" to "stx_mtime.tv_nsec",
        ),
        // Spare room in older headers: they lie behind stx_mnt_id.
        mapOf(
            "STATX_DIO_MEM_ALIGN" to "offsetof(struct statx, stx_mnt_id) + 8",
            "STATX_DIO_OFFSET_ALIGN" to "offsetof(struct statx, stx_mnt_id) + 12",
        ),
        fields("LINGER", "struct linger", "ONOFF" to "l_onoff", "SECONDS" to "l_linger"),
        fields("UCRED", "struct ucred", "PID" to "pid", "UID" to "uid", "GID" to "gid"),
        tcpInfo,
        fields("RLIMIT", "struct rlimit", "SOFT" to "rlim_cur", "HARD" to "rlim_max"),
        fields("UTSNAME", "struct utsname", "RELEASE" to "release"),
        mapOf("UTSNAME_FIELD_BYTES" to "sizeof(((struct utsname *) 0)->release)"),
    ).reduce { all, more -> all + more }.toSortedMap()
