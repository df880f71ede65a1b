import Administration
import ArgumentParser
import Daemon

/// One executable is both programs, told apart by the name it was started under.
@main
struct Program {
    static func main() async {
        if CommandLine.arguments.first?.split(separator: "/").last == "twostepd" {
            await DaemonCommand.main()
        } else {
            AdministrationCommand.runProgram()
        }
    }
}
