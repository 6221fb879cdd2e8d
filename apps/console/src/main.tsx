import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { SessionGate } from './session.js';
import { Login } from './pages/login.js';
import { Toasts } from './ui/toast.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/shell.css';
import './styles/incidents.css';
import './styles/pages.css';

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Toasts>
      <SessionGate login={(gate, signIn) => <Login gate={gate} signIn={signIn} />}>
        <App />
      </SessionGate>
    </Toasts>
  </StrictMode>,
);
