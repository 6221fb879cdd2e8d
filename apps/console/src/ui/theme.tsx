import { useState } from 'react';
import { Icon } from './icon.js';

const CHOICES = ['system', 'light', 'dark'] as const;
type Theme = (typeof CHOICES)[number];
const ICONS = { system: 'system', light: 'sun', dark: 'moon' } as const;

function chosen(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function choose(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem('tocsin.theme', theme);
  } catch {
    // Where storage is refused, the choice lasts as long as the page.
  }
}

/** System, light, dark, and round again. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosen);
  const next = CHOICES[(CHOICES.indexOf(theme) + 1) % CHOICES.length] as Theme;
  return (
    <button
      type="button"
      className="button quiet icon-only"
      aria-label={`Theme: ${theme}. Switch to ${next}.`}
      title={`Theme: ${theme}`}
      onClick={() => {
        choose(next);
        setTheme(next);
      }}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
