import CPOSIX
import Daemon
import Glibc
import Testing

/// What keeps programs in their bounds, piece by piece.
@Suite struct ConfinementTests {
    /// A pipe whose ends lie beyond the standard descriptors.
    private func pipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = unsafe posix_pipe(&ends)
        return (ends[0], ends[1])
    }

    /// All that is in a pipe before its end.
    private func contents(of descriptor: Int32) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return text }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }

    /// Runs `/bin/echo ran` as a launcher does, in a process whose parent has closed its end of the pipe that tells of it, or
    /// still has it; what came of it.
    private func echo(parentHasGone: Bool) -> (status: Int32, output: String) {
        let life = pipe(), go = pipe(), output = pipe(), report = pipe(), input = pipe()
        var bounds = posix_confinement()
        (bounds.uid, bounds.gid) = (60_915, 60_915)
        (bounds.memory, bounds.processes, bounds.descriptors) = (256 << 20, 16, 64)
        (bounds.file_size, bounds.seconds) = (1 << 20, 5)
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("/bin/echo"), strdup("ran"), nil]
        var none: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        let child = posix_fork()
        if child == 0 {
            close(go.write)
            var byte: UInt8 = 0
            // Not before the parent has closed, or kept, its end.
            _ = unsafe read(go.read, &byte, 1)
            unsafe posix_run_confined(
                &bounds, &none, "/bin/echo", &arguments, &none, input.read, output.write, life.read, life.write,
                report.write)
            _exit(126)
        }
        if parentHasGone { close(life.write) }
        for end in [go.write, go.read, output.write, report.write, input.write, input.read] { close(end) }
        let text = contents(of: output.read)
        let status = posix_exit_status(posix_wait_for(child))
        for end in [life.read, output.read, report.read] { close(end) }
        if !parentHasGone { close(life.write) }
        return (status, text)
    }

    @Test func `a program whose starter has gone is not run, though its own copy of the pipe was open`() {
        let alive = echo(parentHasGone: false)
        #expect(alive.status == 0 && alive.output == "ran\n")
        let orphan = echo(parentHasGone: true)
        #expect(orphan.status == 127 && orphan.output.isEmpty)
    }

    @Test(
        arguments: [
            ([], nil), ([(1, 0)], nil), ([(1, ProgramMemory.most)], nil), ([(1, ProgramMemory.most + 1)], 1),
            ([(1, 400 << 20), (2, 500 << 20), (3, 100 << 20)], nil),
            ([(1, 400 << 20), (2, 500 << 20), (3, 125 << 20)], 2), ([(1, UInt64.max), (2, UInt64.max)], 1),
        ] as [([(pid_t, UInt64)], pid_t?)])
    func `the largest is ended where one or all use more than they may`(_ used: [(pid_t, UInt64)], _ ended: pid_t?) {
        let found = ProgramMemory.excessive(used.map { (run: $0.0, bytes: $0.1) })
        #expect((found == nil) == (ended == nil))
        if let ended, used.contains(where: { $0.0 == ended && $0.1 < UInt64.max }) { #expect(found == ended) }
    }

    @Test func `what a process has started is counted, whichever thread did it`() throws {
        let child = posix_fork()
        if child == 0 {
            pause()
            _exit(0)
        }
        #expect(ProgramMemory.children(of: getpid()).contains(child))
        #expect(ProgramMemory.used(below: getpid()) > 0)
        kill(child, SIGKILL)
        _ = posix_wait_for(child)
    }
}
