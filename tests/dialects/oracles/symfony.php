<?php
// One base64 file per line in, one answer per line out: `set` and name:value pairs, or `refused`.
// The first argument is the folder of the packages' code.

namespace Symfony\Component\Process {
    // What a file would have run is not run.
    class Process
    {
        public static function fromShellCommandline(string $command): self
        {
            return new self();
        }

        public function setEnv(array $variables): void
        {
        }

        public function mustRun(): void
        {
        }

        public function getOutput(): string
        {
            return "\n";
        }
    }
}

namespace {
    spl_autoload_register(function ($class) use ($argv) {
        require $argv[1] . '/' . strtr($class, '\\', '/') . '.php';
    });
    // At a warning it would go on for ever.
    set_error_handler(function ($severity, $message) {
        throw new ErrorException($message);
    });

    $path = sys_get_temp_dir() . '/straggler-' . getmypid();
    while (($line = fgets(STDIN)) !== false) {
        file_put_contents($path, base64_decode($line));
        $_ENV = [];
        $_SERVER = [];
        try {
            (new Symfony\Component\Dotenv\Dotenv())->load($path);
        } catch (
            Symfony\Component\Dotenv\Exception\FormatException
            | Symfony\Component\Dotenv\Exception\VariableCircularReferenceException
            | ErrorException $refusal
        ) {
            echo "refused\n";
            continue;
        }
        unset($_ENV['SYMFONY_DOTENV_VARS'], $_ENV['SYMFONY_DOTENV_PATH']);
        $answer = 'set';
        foreach ($_ENV as $name => $value) {
            $answer .= ' ' . base64_encode($name) . ':' . base64_encode($value);
        }
        echo "$answer\n";
    }
    unlink($path);
}
