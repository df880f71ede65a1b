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
        let whenPresent = try options.whenPresent()
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
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(
                options.isTrial ? .checkImport(whenPresent: whenPresent) : .commitImport(whenPresent: whenPresent))
        } catch {
            throw withoutEffect(error)
        }
        guard case .imported(let imported) = answer.reply else { throw connection.misplaced() }
        return report(imported)
    }

    /// A refusal says that nothing was done; of a connection that broke nobody knows.
    private func withoutEffect(_ failure: CommandFailure) -> CommandFailure {
        guard failure.status == .refused else { return failure }
        return CommandFailure(
            failure.status, code: failure.refusal.code, "\(failure.refusal.message) Nothing was stored.",
            hint: failure.refusal.hint)
    }

    private func report(_ imported: ImportedDevices) -> Report {
        let skipped = Dictionary(imported.skipped.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        var lines: [String] = []
        var documents: [JSONValue] = []
        for (index, target) in targets.enumerated() {
            let staged = target.staged
            let place = "\(target.device.file):\(target.device.line)"
            lines.append("\(staged.account): '\(staged.device)' (\(staged.module.name)), from \(place)")
            let notes = skipped[index].map { [$0.sentence] } ?? target.device.notes
            lines += notes.map { "  \($0)" }
            documents.append(
                .object(
                    [("account", .text(staged.account))] + staged.module.members + [
                        ("device", .text(staged.device)), ("file", .text(target.device.file)),
                        ("line", .integer(Int64(target.device.line))),
                        ("skipped", .boolean(skipped[index] != nil)), ("notes", .list(notes.map { .text($0) })),
                    ]))
        }
        let summary = summary(imported)
        lines.append(summary)
        let change = options.isTrial || imported.devices == 0 ? nil : summary
        return Report(
            text: lines.joined(separator: "\n"),
            json: .object([
                ("imported", .integer(Int64(options.isTrial ? 0 : imported.devices))),
                ("replaced", .integer(Int64(imported.replaced))),
                ("skipped", .integer(Int64(imported.skipped.count))), ("devices", .list(documents)),
            ]), change: change)
    }

    private func summary(_ imported: ImportedDevices) -> String {
        let verb = options.isTrial ? "Would import" : "Imported"
        let replacing = imported.replaced > 0 ? ", \(imported.replaced) of them in place of others" : ""
        let rest = imported.skipped.count
        let skipping = rest > 0 ? "; \(rest) \(rest == 1 ? "was" : "were") there already" : ""
        let ending = options.isTrial ? " Nothing was stored." : ""
        return "\(verb) \(Wording.count(imported.devices, "device"))\(replacing)\(skipping).\(ending)"
    }
}

extension SkippedDevice {
    fileprivate var sentence: String {
        hasSameKey
            ? "It is there already, and stays as it is."
            : "Another device of that name, with another secret, is there already, and stays as it is."
    }
}
