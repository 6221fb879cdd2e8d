import { useId, useState, type ButtonHTMLAttributes, type ReactNode } from 'react';

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled' | 'onClick'> {
  children: ReactNode;
  look?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** Why it cannot be used; it stays reachable, and says so. */
  denied?: string | undefined;
  onClick?: () => void | Promise<void>;
}

/** A button that waits for what it started, and says why it may not be used. */
export function Button({ children, look = 'plain', denied, onClick, className = '', type = 'button', ...rest }: Props) {
  const [busy, setBusy] = useState(false);
  const why = useId();
  const press = (event: { preventDefault(): void }): void => {
    if (denied !== undefined || busy) {
      event.preventDefault();
      return;
    }
    const work = onClick?.();
    if (work === undefined) return;
    setBusy(true);
    void work.finally(() => setBusy(false));
  };
  return (
    <>
      <button
        {...rest}
        type={type}
        className={`button ${look} ${className}`}
        onClick={press}
        aria-disabled={denied !== undefined || busy || undefined}
        aria-busy={busy || undefined}
        aria-describedby={denied === undefined ? undefined : why}
        title={denied ?? rest.title}
      >
        {children}
      </button>
      {denied !== undefined && (
        <span id={why} className="sr-only">
          {denied}
        </span>
      )}
    </>
  );
}
