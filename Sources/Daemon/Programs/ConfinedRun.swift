package import Authentication
package import AuthPrograms
import CPOSIX
import Glibc
import UnixSocket

/// One run of a program: started within bounds, watched, and ended with all that it has started.
package struct ConfinedRun: Sendable {
    package let settings: ProgramSettings
    /// Who it runs as: nobody else.
    package let user: ProgramUser
    /// What it does not see, where it gets a tree of its own; nil where a service manager has seen to that.
    package let hidden: [String]?

    package init(_ settings: ProgramSettings, as user: ProgramUser, hiding hidden: [String]?) {
        self.settings = settings
        self.user = user
        self.hidden = hidden
    }

    /// What a program may use, beyond its time.
    private static let memory: UInt64 = 256 << 20
    private static let processes: UInt64 = 16
    private static let descriptors: UInt64 = 64
    private static let fileSize: UInt64 = 1 << 20

    /// All that a program finds in its environment: nothing of ours, nothing of a login.
    private static let environment = [
        "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/", "LANG=C.UTF-8", "TWOSTEP_CONTRACT=\(Contract.version)",
    ]

    /// How often a program is looked at while it runs, in milliseconds.
    private static let interval: Int32 = 10

    /// Runs it with `request` on its standard input. It is ended at the latest when its time is up, or once `connection`
    /// says anything more or hangs up.
    package func run(asking request: borrowing Secret, for connection: Int32?) -> ProgramRun {
        if let fault = ProgramFile.fault(of: settings.program) { return .failed(fault) }
        // A program that does not read its question is no reason to die.
        signal(SIGPIPE, SIG_IGN)
        var input = Ends(), output = Ends(), life = Ends(), report = Ends()
        defer {
            input.close()
            output.close()
            life.close()
            report.close()
        }
        guard input.open(), output.open(), life.open(), report.open() else {
            return .failed("no pipe to it: \(Privileges.reason())")
        }
        let deadline = Deadline.after(milliseconds: Int64(settings.time) * 1000)
        let child = start(input.read, output.write, life, report.write)
        guard child > 0 else { return .failed("it cannot be started: \(Privileges.reason())") }
        input.closeRead()
        output.closeWrite()
        report.closeWrite()
        _ = fcntl(output.read, F_SETFL, O_NONBLOCK)
        _ = fcntl(input.write, F_SETFL, O_NONBLOCK)
        let run = watch(child, asking: request, input: &input, output: output.read, connection, deadline)
        if let fault = ConfinedRun.fault(in: report.read, settings) { return .failed(fault) }
        return run
    }

    private func start(_ input: Int32, _ output: Int32, _ life: Ends, _ report: Int32) -> pid_t {
        var bounds = posix_confinement()
        bounds.uid = user.uid
        bounds.gid = user.gid
        bounds.isolates = hidden == nil ? 0 : 1
        bounds.may_reach_network = settings.mayReachNetwork ? 1 : 0
        bounds.memory = ConfinedRun.memory
        bounds.processes = ConfinedRun.processes
        bounds.descriptors = ConfinedRun.descriptors
        bounds.file_size = ConfinedRun.fileSize
        bounds.seconds = UInt64(settings.time) + 1
        let arguments = CTexts([settings.program] + settings.arguments)
        let environment = CTexts(ConfinedRun.environment)
        let hidden = CTexts(self.hidden ?? [])
        return unsafe posix_start_confined(
            &bounds, hidden.pointer, settings.program, arguments.pointer, environment.pointer, input, output,
            life.read, life.write, report)
    }

    /// Gives it the question, takes what it writes, and waits for its end.
    private func watch(
        _ child: pid_t, asking request: borrowing Secret, input: inout Ends, output: Int32, _ connection: Int32?,
        _ deadline: Deadline
    ) -> ProgramRun {
        var received = ReceivedBytes(most: Contract.longestOutput)
        // It is written as it is read: a program that never reads holds up nobody.
        var sent = 0
        if request.count == 0 { input.closeWrite() }
        var isOpen = true
        while posix_has_ended(child) == 0 {
            guard deadline.remaining > 0 else {
                end(child)
                return .failed("it has not ended within \(settings.time) s")
            }
            var waited = [
                pollfd(fd: isOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: connection ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: sent < request.count ? input.write : -1, events: Int16(POLLOUT), revents: 0),
            ]
            _ = unsafe poll(&waited, nfds_t(waited.count), min(ConfinedRun.interval, deadline.remaining))
            guard waited[1].revents == 0 else {
                end(child)
                return .failed("whoever asked has gone")
            }
            if waited[2].revents != 0 {
                let count = ConfinedRun.send(request, from: sent, to: input.write)
                sent = count < 0 ? request.count : sent + count
                if sent == request.count { input.closeWrite() }
            }
            if waited[0].revents != 0 {
                switch received.receive(from: output) {
                case .some, .nothingYet: break
                case .end, .failure: isOpen = false
                case .tooMuch:
                    end(child)
                    return .failed("it has written more than \(Contract.longestOutput) bytes")
                }
            }
        }
        let status = end(child)
        let signal = posix_ending_signal(status)
        guard signal == 0 else { return .failed("it was ended by signal \(signal)") }
        let code = posix_exit_status(status)
        guard code == 0 else { return .failed("it has ended with status \(code)") }
        // What it wrote before it ended; whoever else holds the pipe is not waited for.
        while isOpen {
            switch received.receive(from: output) {
            case .some: continue
            case .nothingYet, .end, .failure: isOpen = false
            case .tooMuch: return .failed("it has written more than \(Contract.longestOutput) bytes")
            }
        }
        return .ended(ProgramOutput(received.bytes()))
    }

    /// How many bytes of the question were taken; negative if none ever will be.
    private static func send(_ request: borrowing Secret, from start: Int, to descriptor: Int32) -> Int {
        request.withBytes { bytes in
            let rest = bytes.extracting(start..<bytes.count)
            let count = unsafe rest.withUnsafeBufferPointer { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            return count >= 0 ? count : errno == EAGAIN || errno == EINTR ? 0 : -1
        }
    }

    /// Ends it and all of its session, waits until it is gone, and returns its status: with the first process of its world
    /// all others go.
    @discardableResult private func end(_ child: pid_t) -> Int32 {
        kill(-child, SIGKILL)
        kill(child, SIGKILL)
        return posix_wait_for(child)
    }

    /// Why it did not run at all; nil if it did.
    private static func fault(in report: Int32, _ settings: ProgramSettings) -> String? {
        var words: [Int32] = [0, 0]
        let count = unsafe words.withUnsafeMutableBytes { unsafe read(report, $0.baseAddress, $0.count) }
        guard count == 8 else { return nil }
        let reason = unsafe strerror(words[1]).map { unsafe String(cString: $0) } ?? "errno \(words[1])"
        switch words[0] {
        case 2: return "it cannot be given a tree of its own: \(reason)"
        case 3: return "it cannot be bounded: \(reason)"
        case 4: return "it cannot be given a user of its own: \(reason)"
        case 5: return "\(settings.program) cannot be run: \(reason)"
        case _: return "it cannot be started: \(reason)"
        }
    }
}
