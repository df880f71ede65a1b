import AdminProtocol
import AuthModules
import Authentication

/// Devices of other programs on their way into the store: all of them, or none.
struct DeviceImport {
    /// A device with the place that it will have.
    private struct Target {
        let device: ForeignDevice
        let staged: StagedDevice
    }

    private let options: ImportOptions
    private var targets: [Target] = []

    /// `user` is whose the devices are of which the file does not say it.
    init(_ devices: [ForeignDevice], user: String? = nil, _ options: ImportOptions) throws(CommandFailure) {
        self.options = options
        let totp = try ModuleReference(argument: options.totp)
        let hotp = try ModuleReference(argument: options.hotp)
        var taken: Set<String> = []
        for device in devices {
            guard let account = user ?? device.account else {
                throw CommandFailure(
                    .refused, code: .files,
                    "\(device.file):\(device.line): there is no user. Nothing was stored.",
                    hint: "Say whose it is: --user USER")
            }
            let module = device.module.map { ModuleReference($0) } ?? (device.kind == .totp ? totp : hotp)
            let base = device.name ?? options.name ?? (device.kind == .totp ? "phone" : "token")
            var name = base
            var number = 1
            // A name that the file gives is the file's mistake if it stands twice, and the daemon's to refuse.
            while !taken.insert("\(account)\n\(module.name)\n\(name)").inserted, device.name == nil {
                number += 1
                name = "\(base)-\(number)"
            }
            targets.append(
                Target(
                    device: device,
                    staged: StagedDevice(
                        account: account, module: module, device: name, parameters: device.parameters)))
        }
    }

    /// Has the daemon take them, and says what could not be carried over.
    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard !targets.isEmpty else {
            throw CommandFailure(.refused, code: .files, "There is no device to be imported. Nothing was stored.")
        }
        // A transaction of ten thousand devices takes its time.
        let connection = try DaemonConnection.open(
            options.service.runtimeDirectory, limit: max(world.replyLimit, 60_000))
        let progress = ImportProgress(of: targets.count, on: world.console, isShown: !options.output.isJSON)
        var next = 0
        while next < targets.count {
            let group = targets[next..<min(next + StagedDevice.largestGroup, targets.count)]
            var keys = SecretFields()
            do throws(AdminProtocolError) {
                for target in group { try keys.append(target.device.key) }
            } catch {
                throw CommandFailure(AdminRefusal(error))
            }
            do throws(CommandFailure) {
                let answer = try connection.ask(.stageDevices(devices: group.map(\.staged)), secrets: keys)
                guard case .staged = answer.reply else { throw connection.misplaced() }
            } catch {
                try progress.end()
                throw withoutEffect(error)
            }
            next += group.count
            try progress.show(next)
        }
        try progress.end()
        guard !options.isTrial else { return report(replaced: 0) }
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(.commitImport(replace: options.replace))
        } catch {
            throw withoutEffect(error)
        }
        guard case .imported(let imported) = answer.reply else { throw connection.misplaced() }
        return report(replaced: imported.replaced)
    }

    /// A refusal says that nothing was done; of a connection that broke nobody knows.
    private func withoutEffect(_ failure: CommandFailure) -> CommandFailure {
        guard failure.status == .refused else { return failure }
        return CommandFailure(
            failure.status, code: failure.refusal.code, "\(failure.refusal.message) Nothing was stored.",
            hint: failure.refusal.hint)
    }

    private func report(replaced: Int) -> Report {
        var lines: [String] = []
        var documents: [JSONValue] = []
        for target in targets {
            let staged = target.staged
            let place = "\(target.device.file):\(target.device.line)"
            lines.append("\(staged.account): '\(staged.device)' (\(staged.module.name)), from \(place)")
            lines += target.device.notes.map { "  \($0)" }
            documents.append(
                .object(
                    [("account", .text(staged.account))] + staged.module.members + [
                        ("device", .text(staged.device)), ("file", .text(target.device.file)),
                        ("line", .integer(Int64(target.device.line))),
                        ("notes", .list(target.device.notes.map { .text($0) })),
                    ]))
        }
        let replacing = replaced > 0 ? ", \(replaced) of them in place of others" : ""
        let summary =
            options.isTrial
            ? "Would import \(Wording.count(targets.count, "device")). Nothing was stored."
            : "Imported \(Wording.count(targets.count, "device"))\(replacing)."
        lines.append(summary)
        return Report(
            text: lines.joined(separator: "\n"),
            json: .object([
                ("imported", .integer(Int64(options.isTrial ? 0 : targets.count))),
                ("replaced", .integer(Int64(replaced))), ("devices", .list(documents)),
            ]), change: options.isTrial ? nil : summary)
    }
}
